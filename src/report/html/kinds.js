// The kinds of chart: what a legend can switch, and how each panel is drawn on its plane.

// ---- kinds of chart -----------------------------------------------------------------------
// Each gives its entries (what a legend can switch) and its panels.
const kinds = {
  scatter(chart) {
    const entries = chart.groups.filter((g) => g.name).map((g) => ({ name: g.name, style: g.style, sign: "point" }));
    for (const front of chart.panels.flatMap((panel) => panel.fronts))
      if (front.name && !entries.some((entry) => entry.name === front.name))
        entries.push({ name: front.name, style: front.style, sign: "stroke" });
    const shown = (panel, hidden) => panel.points.filter((p) => !hidden.has(chart.groups[p.group].name));
    const lines = (panel, hidden) => panel.fronts.filter((f) => !hidden.has(f.name) && !(f.style !== null && !f.name && hidden.has(chart.groups[f.style]?.name)));
    const roof = (ray, x) => Math.min(ray.slope * x, ray.cap ?? Infinity);
    const panels = chart.panels.map((panel) => ({
      title: panel.title, x: panel.x, y: panel.y,
      right: panel.rays.length ? Math.max(...panel.rays.map((r) => r.label.length)) * 6.2 + 10 : 0,
      extent(hidden) {
        const points = shown(panel, hidden).map((p) => [p.x, p.y]).concat(lines(panel, hidden).flatMap((f) => f.points));
        const xs = points.map((p) => p[0]).concat(panel.guides.map((g) => g.x));
        const end = back[panel.x.scale](span(panel.x, xs)[1]);
        return { xs, ys: points.map((p) => p[1]).concat(panel.rays.map((ray) => roof(ray, end))) };
      },
      draw(plane, hidden) {
        const { plot } = plane;
        for (const guide of panel.guides) {
          const x = plane.x.at(guide.x);
          plane.area.append(svg("line", { x1: x, x2: x, y1: plot.y0, y2: plot.y1, class: "guide" }));
          plane.area.append(svg("text", { x: x + 12, y: plot.y0 + 4, class: "label soft", transform: `rotate(90 ${x + 4} ${plot.y0 + 4})` }, guide.label));
        }
        const [low, high] = plane.spans[0];
        let above = -Infinity;
        for (const ray of [...panel.rays].sort((a, b) => roof(b, 10 ** 12) - roof(a, 10 ** 12))) {
          const xs = Array.from({ length: 65 }, (_, i) => back[panel.x.scale](low + ((high - low) * i) / 64));
          if (ray.cap) xs.push(ray.cap / ray.slope);
          const path = xs.sort((a, b) => a - b).map((x) => [x, roof(ray, x)]).filter(([x, y]) => x > 0 && y > 0);
          plane.path(path, { class: "ray" });
          const y = Math.max(above + 14, plane.y.at(roof(ray, back[panel.x.scale](high))));
          above = y;
          plane.node.append(svg("text", { x: plot.x1 + 6, y: y + 4, class: "label soft" }, ray.label));
        }
        for (const front of lines(panel, hidden)) {
          const path = [];
          for (const corner of front.points) {
            const last = path[path.length - 1];
            if (last && front.shape === "step_y_first") path.push([last[0], corner[1]]);
            if (last && front.shape === "step_x_first") path.push([corner[0], last[1]]);
            path.push(corner);
          }
          const style = front.style === null ? { class: "front" } : { stroke: colour(front.style), "stroke-width": 1.8 };
          if (path.length) plane.path(path, style);
        }
        const texts = [];
        for (const point of shown(panel, hidden)) {
          const group = chart.groups[point.group];
          const at = plane.mark(group.style, point.x, point.y, 5.5, [
            point.label || group.name, point.label ? group.name : "", `${panel.x.label}: ${write(panel.x.ticks, point.x)}`,
            `${panel.y.label}: ${write(panel.y.ticks, point.y)}`, point.detail,
          ]);
          if (point.label) texts.push({ at, text: point.label });
        }
        plane.label(texts);
      },
    }));
    return { entries, panels };
  },

  lines(chart) {
    const entries = [];
    for (const series of chart.panels.flatMap((panel) => panel.series))
      if (!entries.some((entry) => entry.name === series.name)) entries.push({ name: series.name, style: series.style, sign: "line" });
    const panels = chart.panels.map((panel) => {
      const shown = (hidden) => panel.series.filter((s) => !hidden.has(s.name));
      return {
        title: panel.title, x: panel.x, y: panel.y,
        extent(hidden) {
          const points = shown(hidden).flatMap((s) => s.points);
          return { xs: points.map((p) => p[0]), ys: points.map((p) => p[1]) };
        },
        draw(plane, hidden) {
          for (const series of shown(hidden)) {
            plane.path(series.points, { stroke: colour(series.style), "stroke-width": 2, "stroke-dasharray": dash(series.style) });
            for (const [x, y] of series.points)
              plane.mark(series.style, x, y, 4, [series.name, `${panel.x.label}: ${write(panel.x.ticks, x)}`, `${panel.y.label}: ${write(panel.y.ticks, y)}`]);
          }
          const texts = [];
          for (const mark of panel.marks) {
            const at = [plane.x.at(mark.x), plane.y.at(mark.y)];
            plane.area.append(svg("circle", { cx: at[0], cy: at[1], r: 7, class: "ring" }));
            if (plane.shows(at)) plane.hits.unshift({ at, lines: [mark.label, `${panel.y.label}: ${write(panel.y.ticks, mark.y)}`] });
            texts.push({ at, text: mark.label });
          }
          plane.label(texts);
        },
      };
    });
    return { entries, panels };
  },

  bars(chart) {
    const several = chart.bars.length > 1;
    const entries = (several ? chart.bars : []).map((name, style) => ({ name, style, sign: "block" }));
    const fade = (style, level) => 1 - (chart.parts.length < 2 ? 0 : (0.68 * level) / (chart.parts.length - 1));
    const panels = chart.panels.map((panel) => {
      const total = (parts) => parts.reduce((a, b) => a + b, 0);
      const shown = (hidden) => chart.bars.map((name, i) => i).filter((i) => !hidden.has(chart.bars[i]));
      const count = panel.groups.length;
      const x = { label: "", scale: "linear", ticks: "plain", cover: [0, count] };
      const y = { label: panel.label, scale: "linear", ticks: panel.ticks, cover: [0, 0] };
      return {
        title: panel.title, x, y, wide: true, names: "x",
        extent(hidden) {
          const tops = panel.groups.flatMap((g) => shown(hidden).map((i) => (g.bars[i] ? total(g.bars[i]) : 0)));
          return { xs: [0, count], ys: tops };
        },
        draw(plane, hidden) {
          const bars = shown(hidden);
          const slot = (plane.x.at(1) - plane.x.at(0)) || 1;
          const width = Math.min(34, (slot * 0.82) / Math.max(1, bars.length));
          panel.groups.forEach((group, g) => {
            const middle = plane.x.at(g + 0.5);
            plane.node.append(svg("text", { x: middle, y: plane.plot.y1 + 14, class: "tick end", transform: `rotate(-28 ${middle} ${plane.plot.y1 + 14})` }, group.name));
            bars.forEach((i, n) => {
              const parts = group.bars[i];
              if (!parts) return;
              let ground = 0;
              const left = middle + (n - bars.length / 2) * width;
              parts.forEach((value, level) => {
                const [top, bottom] = [plane.y.at(ground + value), plane.y.at(ground)];
                ground += value;
                plane.area.append(svg("rect", { x: left + 0.5, y: top, width: Math.max(1, width - 1), height: Math.max(0, bottom - top), fill: colour(i), "fill-opacity": fade(i, level) }));
                const lines = [`${group.name}${several ? ", " + chart.bars[i] : ""}`, `${chart.parts[level]}: ${write(panel.ticks, value)}`, chart.parts.length > 1 ? `all: ${write(panel.ticks, total(parts))}` : ""];
                plane.hits.push({ at: [left + width / 2, (top + bottom) / 2], lines });
              });
            });
          });
        },
      };
    });
    return { entries, panels };
  },

  ranges(chart) {
    const entries = chart.groups.map((name, style) => ({ name, style, sign: "block" }));
    const count = chart.rows.length;
    const cover = chart.reference === null ? null : [chart.reference, chart.reference];
    const x = { label: chart.label, scale: "linear", ticks: "dollars", cover };
    const y = { label: "", scale: "linear", ticks: "plain", cover: [0, count] };
    const longest = (texts) => Math.max(0, ...texts.map((text) => text.length)) * 6.4;
    const shown = (hidden) => chart.rows.filter((row) => !hidden.has(chart.groups[row.group]));
    const ends = longest(chart.rows.flatMap((row) => [row.low_label, row.high_label])) / SIZE.wide[0];
    const panel = {
      title: "", x, y, wide: true, names: "y", left: longest(chart.rows.map((row) => row.label)) + 16, height: count * 26 + EDGE.top + EDGE.bottom,
      extent(hidden) {
        const xs = shown(hidden).flatMap((row) => [row.low, row.middle, row.high]);
        const air = xs.length ? (Math.max(...xs) - Math.min(...xs)) * ends * 1.3 : 0;
        return { xs: xs.length ? [Math.max(0, Math.min(...xs) - air), ...xs, Math.max(...xs) + air] : xs, ys: [0, count] };
      },
      draw(plane, hidden) {
        const { plot } = plane;
        const thick = Math.abs(plane.y.at(1) - plane.y.at(0)) * 0.62;
        chart.rows.forEach((row, i) => {
          if (!shown(hidden).includes(row)) return;
          const middle = plane.y.at(count - i - 0.5);
          const [from, to] = [plane.x.at(row.low), plane.x.at(row.high)];
          const words = (value, label) => `${label ? label + ": " : ""}${write(x.ticks, value)}`;
          if (middle > plot.y0 && middle < plot.y1) plane.node.append(svg("text", { x: plot.x0 - 6, y: middle + 4, class: "tick end" }, row.label));
          plane.area.append(svg("rect", { x: from, y: middle - thick / 2, width: Math.max(1, to - from), height: thick, fill: colour(row.group), "fill-opacity": 0.66 }));
          if (chart.reference === null) plane.path([[row.middle, count - i - 0.5 - 0.31], [row.middle, count - i - 0.5 + 0.31]], { class: "middle-mark" });
          plane.area.append(svg("text", { x: from - 5, y: middle + 4, class: "label end" }, row.low_label));
          plane.area.append(svg("text", { x: to + 5, y: middle + 4, class: "label" }, row.high_label));
          const lines = [row.label, words(row.low, row.low_label), words(row.middle, chart.reference === null ? "middle" : "now"), words(row.high, row.high_label)];
          for (const share of [0, 0.5, 1]) plane.hits.push({ at: [from + (to - from) * share, middle], lines });
        });
        if (chart.reference !== null) plane.path([[chart.reference, 0], [chart.reference, count]], { class: "front" });
      },
    };
    return { entries, panels: [panel] };
  },
};

const ramp = (share) => {
  const stops = looks.ramp.map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  const along = clamp(share, 0, 1) * (stops.length - 1);
  const at = Math.min(Math.floor(along), stops.length - 2);
  return stops[at].map((a, i) => Math.round(a + (stops[at + 1][i] - a) * (along - at)));
};
const heat = (chart, room) => {
  const values = chart.cells.flat().map((c) => c.value).filter((v) => v !== null);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const share = (v) => (high > low ? Math.log(v / low) / Math.log(high / low) : 0);
  const table = html("table", "heat");
  const head = table.createTHead().insertRow();
  head.append(html("th", "corner", `${chart.y_label} \\ ${chart.x_label}`), ...chart.columns.map((name) => html("th", "", name)));
  const body = table.createTBody();
  chart.rows.forEach((name, r) => {
    const row = body.insertRow();
    row.append(html("th", "", name));
    chart.columns.forEach((column, c) => {
      const { value, detail } = chart.cells[r][c];
      const cell = row.insertCell();
      const lines = [`${name} at ${column}`, value === null ? detail : `${chart.value_label}: ${write(chart.ticks, value)}`, value === null ? "" : detail];
      cell.addEventListener("pointermove", (event) => say(event, lines));
      cell.addEventListener("pointerleave", hush);
      if (value === null) {
        cell.className = "none";
        return;
      }
      const rgb = ramp(share(value));
      const light = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
      cell.textContent = digits(value, 3);
      cell.style.background = `rgb(${rgb})`;
      cell.style.color = light < 140 ? "#fff" : "#222";
      const least = Math.min(...chart.cells.map((cells) => cells[c].value ?? Infinity));
      cell.classList.toggle("least", value === least);
    });
  });
  room.append(table);
  room.append(html("p", "scale", `${chart.value_label}: from ${write(chart.ticks, low)} (light) to ${write(chart.ticks, high)} (dark); framed: the least of each column; hatched: not feasible.`));
};
