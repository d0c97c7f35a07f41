// Does in a report's page what a reader does, and tells the page around it what came of it.
(() => {
  const verdict = { page: pageName, failures: [], figures: 0, drawn: 0, toggled: 0, asked: 0, zoomed: 0, tables: 0, sorted: 0 };
  const expect = (fine, what) => fine || verdict.failures.push(what);
  const pointer = (node, type, x, y) => node.dispatchEvent(new PointerEvent(type, { clientX: x, clientY: y, button: 0, bubbles: true }));
  const middle = (node) => {
    const box = node.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  const tip = document.querySelector(".tip");

  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    verdict.figures++;
    const heat = figure.querySelector("table.heat td:not(.none)");
    if (heat) {
      pointer(heat, "pointermove", ...middle(heat));
      expect(!tip.hidden && tip.textContent.length > 10, `${figure.id}: a cell says nothing`);
      pointer(heat, "pointerleave", 0, 0);
      verdict.asked++;
      verdict.drawn++;
      continue;
    }
    const marks = () => figure.querySelectorAll(".point, g rect[fill]").length;
    const all = marks();
    if (expect(all > 0, `${figure.id}: nothing is drawn`) === true) verdict.drawn++;
    const entry = figure.querySelector(".entry");
    if (entry) {
      entry.click();
      expect(marks() < all && entry.getAttribute("aria-pressed") === "false", `${figure.id}: a series stays`);
      entry.click();
      expect(marks() === all, `${figure.id}: a series does not come back`);
      verdict.toggled++;
    }
    const plane = figure.querySelector("svg.plane");
    const point = plane.querySelector(".point, g rect[fill]");
    pointer(plane, "pointermove", ...middle(point));
    expect(!tip.hidden && tip.textContent.length > 3, `${figure.id}: a point says nothing`);
    pointer(plane, "pointerleave", 0, 0);
    expect(tip.hidden, `${figure.id}: the answer stays`);
    verdict.asked++;
    const box = plane.getBoundingClientRect();
    const at = (x, y) => [box.left + box.width * x, box.top + box.height * y];
    pointer(plane, "pointerdown", ...at(0.3, 0.3));
    pointer(plane, "pointermove", ...at(0.6, 0.6));
    pointer(plane, "pointerup", ...at(0.6, 0.6));
    expect(plane.classList.contains("zoomed"), `${figure.id}: no zoom`);
    plane.dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
    expect(!plane.classList.contains("zoomed") && marks() === all, `${figure.id}: zoom stays`);
    verdict.zoomed++;
    expect(!/NaN|Infinity|undefined/.test(figure.innerHTML), `${figure.id}: something is no number`);
  }

  for (const section of document.querySelectorAll("section.table")) {
    verdict.tables++;
    const rows = () => [...section.querySelectorAll("tbody tr")];
    const before = rows();
    const headings = [...section.querySelectorAll("th")];
    const number = headings.findIndex((heading) => heading.dataset.kind === "number");
    const at = Math.max(0, number);
    const values = () => rows().map((row) => row.cells[at].dataset.v ?? row.cells[at].textContent).filter((v) => v !== "");
    const ordered = (list, sign) => list.every((v, i) => i === 0 || (number < 0 ? list[i - 1].localeCompare(v, "en", { numeric: true }) : list[i - 1] - v) * sign <= 0);
    const button = headings[at].querySelector("button");
    button.click();
    const up = ordered(values(), 1) && headings[at].getAttribute("aria-sort") === "ascending";
    button.click();
    const down = ordered(values(), -1) && headings[at].getAttribute("aria-sort") === "descending";
    button.click();
    const back = rows().every((row, i) => row === before[i]);
    if (expect(up && down && back, `${section.id}: sorting is wrong`) === true) verdict.sorted++;
    const search = section.querySelector("input[type=search]");
    const type = (text) => {
      search.value = text;
      search.dispatchEvent(new Event("input", { bubbles: true }));
    };
    type("no row holds this");
    expect(rows().every((row) => row.hidden), `${section.id}: the filter hides nothing`);
    type("");
    expect(rows().every((row) => !row.hidden), `${section.id}: the filter stays`);
    const more = section.querySelector("input[type=checkbox]");
    if (more) {
      const hidden = section.querySelector("th.more");
      const shown = () => getComputedStyle(hidden).display !== "none";
      const first = shown();
      more.click();
      expect(!first && shown(), `${section.id}: hidden columns stay hidden`);
    }
  }
  verdict.complaints = complaints;
  parent.postMessage(verdict, "*");
})();
