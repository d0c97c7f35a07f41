// Tables of a report: sorted by a click on a heading, filtered by words, saved as CSV.
"use strict";
(() => {
  for (const section of document.querySelectorAll("section.table")) {
    const table = section.querySelector("table");
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const headings = [...table.tHead.rows[0].cells];
    const count = section.querySelector(".count");
    const value = (row, at) => row.cells[at].dataset.v ?? row.cells[at].textContent;
    const order = (a, b, at, numeric) => {
      const [x, y] = [value(a, at), value(b, at)];
      // What is empty stands last, whichever way the rest is sorted.
      if (x === "" || y === "") return (x === "") - (y === "") || 0;
      return numeric ? Number(x) - Number(y) : x.localeCompare(y, "en", { numeric: true });
    };
    headings.forEach((heading, at) => {
      heading.querySelector("button").addEventListener("click", () => {
        const now = heading.getAttribute("aria-sort");
        const next = now === "ascending" ? "descending" : now === "descending" ? null : "ascending";
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        const sorted = [...rows];
        if (next) {
          heading.setAttribute("aria-sort", next);
          const numeric = heading.dataset.kind === "number";
          const empty = (row) => value(row, at) === "";
          sorted.sort((a, b) => (next === "ascending" || empty(a) || empty(b) ? order(a, b, at, numeric) : order(b, a, at, numeric)));
        }
        body.append(...sorted);
      });
    });
    section.querySelector("input[type=search]").addEventListener("input", (event) => {
      const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = shown === rows.length ? `${rows.length} rows` : `${shown} of ${rows.length} rows`;
    });
    const more = section.querySelector("input[type=checkbox]");
    more?.addEventListener("change", () => table.classList.toggle("all", more.checked));
    section.querySelector(".save").addEventListener("click", () => {
      const quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
      const lines = [headings.map((heading) => quote(heading.dataset.name)).join(",")];
      for (const row of body.rows) if (!row.hidden) lines.push(headings.map((_, at) => quote(value(row, at))).join(","));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
      link.download = section.dataset.file;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }
})();
