// Every figure of the page: its tools, its legend, its panels.

// ---- a figure: tools, legend, panels ------------------------------------------------------
const sign = (entry) => {
  const node = svg("svg", { width: 26, height: 14, viewBox: "0 0 26 14" });
  if (entry.sign === "block") node.append(svg("rect", { x: 5, y: 1, width: 16, height: 12, fill: colour(entry.style) }));
  if (entry.sign === "line") node.append(svg("path", { d: "M1,7H25", stroke: colour(entry.style), "stroke-width": 2, "stroke-dasharray": dash(entry.style), fill: "none" }));
  if (entry.sign === "stroke") node.append(svg("path", { d: "M1,7H25", class: "front" }));
  if (entry.sign === "point" || entry.sign === "line") node.append(svg("path", { d: marker(entry.style, 13, 7, 5), fill: colour(entry.style) }));
  return node;
};
const save = (name, parts, type) => {
  const link = html("a");
  link.href = URL.createObjectURL(new Blob(parts, { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

for (const figure of document.querySelectorAll("figure[data-chart]")) {
  const chart = data.charts[Number(figure.dataset.chart)];
  const room = figure.querySelector(".chart");
  if (chart.kind === "heat") {
    heat(chart, room);
    continue;
  }
  const { entries, panels } = kinds[chart.kind](chart);
  const hidden = new Set();
  const planes = [];
  const redraw = () => planes.forEach((plane) => plane.draw(hidden));
  const wide = panels.length === 1 || panels.some((panel) => panel.wide);
  planes.push(...panels.map((panel) => new Plane(panel, redraw, wide ? [SIZE.wide[0], panel.height ?? SIZE.wide[1]] : SIZE.narrow)));
  const legend = html("div", "legend");
  const buttons = entries.map((entry) => {
    const button = html("button", "entry");
    button.type = "button";
    button.title = "click: show or hide; double click: this one alone";
    button.append(sign(entry), html("span", "", entry.name));
    button.addEventListener("click", () => {
      if (!hidden.delete(entry.name)) hidden.add(entry.name);
      update();
    });
    button.addEventListener("dblclick", () => {
      const alone = entries.every((other) => other === entry || hidden.has(other.name));
      hidden.clear();
      if (!alone) entries.forEach((other) => other !== entry && hidden.add(other.name));
      update();
    });
    legend.append(button);
    return [button, entry];
  });
  const update = () => {
    for (const [button, entry] of buttons) button.setAttribute("aria-pressed", String(!hidden.has(entry.name)));
    redraw();
  };
  const tools = html("div", "tools");
  const tool = (text, title, act) => {
    const button = html("button", "tool", text);
    button.type = "button";
    button.title = title;
    button.addEventListener("click", act);
    tools.append(button);
  };
  tool("reset zoom", "drag in a chart to zoom, Ctrl and wheel also; double click resets", () => planes.forEach((plane) => plane.reset()));
  tool("show all", "every series again", () => { hidden.clear(); update(); });
  tool("save SVG", "the chart as it is now", () => planes.forEach((plane, i) => {
    const copy = plane.node.cloneNode(true);
    copy.setAttribute("xmlns", SVG);
    copy.prepend(svg("style", {}, document.getElementById("look").textContent));
    save(`${figure.id}${planes.length > 1 ? "-" + (i + 1) : ""}.svg`, [new XMLSerializer().serializeToString(copy)], "image/svg+xml");
  }));
  if (chart.parts?.length > 1) legend.append(html("span", "shades", `from the ground up, paler and paler: ${chart.parts.join(", ")}`));
  const grid = html("div", wide ? "panels wide" : "panels");
  grid.append(...planes.map((plane) => plane.node));
  room.append(tools, legend, grid);
  update();
}
