// One pair of axes with its grid, which can be asked and zoomed, and the box that answers.

// ---- the tooltip --------------------------------------------------------------------------
const tip = html("div", "tip");
tip.hidden = true;
document.body.append(tip);
const say = (event, lines) => {
  tip.replaceChildren(...lines.filter(Boolean).map((line, i) => html(i ? "div" : "strong", "", line)));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const x = clamp(event.clientX + 14, 4, window.innerWidth - box.width - 4);
  const y = event.clientY + 16 + box.height > window.innerHeight ? event.clientY - box.height - 12 : event.clientY + 16;
  tip.style.transform = `translate(${x}px,${Math.max(4, y)}px)`;
};
const hush = () => { tip.hidden = true; };

// ---- one pair of axes ---------------------------------------------------------------------
let clips = 0;
class Plane {
  // `of` gives: title, x, y (axes), extent(hidden) -> {xs, ys}, draw(plane, hidden), hits
  constructor(of, redraw, size) {
    this.of = of;
    [this.width, this.height] = size;
    this.zoom = null;
    this.redraw = redraw;
    this.node = svg("svg", { viewBox: `0 0 ${size[0]} ${size[1]}`, role: "img", class: "plane" });
    this.node.setAttribute("aria-label", of.title || of.y.label);
    this.clip = `clip${clips++}`;
    this.listen();
  }
  get plot() {
    return { x0: this.of.left || EDGE.left, x1: this.width - EDGE.right - (this.of.right || 0), y0: EDGE.top, y1: this.height - EDGE.bottom };
  }
  draw(hidden) {
    const { of, plot } = this;
    const { xs, ys } = of.extent(hidden);
    const [spanX, spanY] = this.zoom || [of.names === "x" ? of.x.cover : span(of.x, xs), of.names === "y" ? of.y.cover : span(of.y, ys)];
    this.x = ruler(of.x, spanX, plot.x0, plot.x1);
    this.y = ruler(of.y, spanY, plot.y1, plot.y0);
    this.spans = [spanX, spanY];
    this.hits = [];
    this.lines = [];
    this.node.replaceChildren();
    const clip = svg("clipPath", { id: this.clip });
    clip.append(svg("rect", { x: plot.x0, y: plot.y0 - 4, width: plot.x1 - plot.x0, height: plot.y1 - plot.y0 + 8 }));
    this.node.append(clip);
    this.grid();
    this.area = svg("g", { "clip-path": `url(#${this.clip})` });
    this.node.append(this.area);
    of.draw(this, hidden);
    this.node.append(svg("text", { x: (plot.x0 + plot.x1) / 2, y: 18, class: "title" }, of.title));
    this.node.classList.toggle("zoomed", Boolean(this.zoom));
  }
  grid() {
    const { of, plot, node } = this;
    const across = of.names === "x" ? [] : ticksOf(of.x, this.spans[0], Math.floor((plot.x1 - plot.x0) / 62));
    const words = writeAll(of.x, across);
    let clear = -Infinity;
    across.forEach((value, i) => {
      const x = this.x.at(value);
      node.append(svg("line", { x1: x, x2: x, y1: plot.y0, y2: plot.y1, class: "grid" }));
      const half = words[i].length * 3.4;
      if (x - half < clear) return;
      clear = x + half + 6;
      node.append(svg("text", { x, y: plot.y1 + 16, class: "tick middle" }, words[i]));
    });
    const up = of.names === "y" ? [] : ticksOf(of.y, this.spans[1], 10);
    const numbers = writeAll(of.y, up);
    up.forEach((value, i) => {
      const y = this.y.at(value);
      node.append(svg("line", { x1: plot.x0, x2: plot.x1, y1: y, y2: y, class: "grid" }));
      node.append(svg("text", { x: plot.x0 - 6, y: y + 4, class: "tick end" }, numbers[i]));
    });
    node.append(svg("path", { d: `M${plot.x0},${plot.y0}V${plot.y1}H${plot.x1}`, class: "frame" }));
    node.append(svg("text", { x: (plot.x0 + plot.x1) / 2, y: plot.y1 + 38, class: "axis middle" }, of.x.label));
    const middle = (plot.y0 + plot.y1) / 2;
    node.append(svg("text", { x: 14, y: middle, class: "axis middle", transform: `rotate(-90 14 ${middle})` }, of.y.label));
  }
  mark(style, x, y, radius, lines) {
    const at = [this.x.at(x), this.y.at(y)];
    this.area.append(svg("path", { d: marker(style, ...at, radius), fill: colour(style), class: "point" }));
    if (this.shows(at)) this.hits.push({ at, lines });
    return at;
  }
  shows([x, y]) {
    const { plot } = this;
    return x >= plot.x0 - 1 && x <= plot.x1 + 1 && y >= plot.y0 - 5 && y <= plot.y1 + 5;
  }
  // A line; labels keep clear of it.
  path(points, attributes) {
    const at = points.map(([x, y]) => [this.x.at(x), this.y.at(y)]);
    for (let i = 1; i < at.length; i++) {
      const [[x, y], [u, v]] = [at[i - 1], at[i]];
      const steps = Math.min(200, Math.ceil(Math.hypot(u - x, v - y) / 8));
      for (let k = 0; k <= steps; k++) this.lines.push([x + ((u - x) * k) / (steps || 1), y + ((v - y) * k) / (steps || 1)]);
    }
    const d = points.map(([x, y]) => `${this.x.at(x).toFixed(1)},${this.y.at(y).toFixed(1)}`).join("L");
    this.area.append(svg("path", { d: "M" + d, fill: "none", ...attributes }));
  }
  // Texts beside points, each where it covers nothing, or nowhere.
  label(texts) {
    const taken = this.hits.map(({ at }) => [at[0] - 5, at[1] - 5, at[0] + 5, at[1] + 5]);
    taken.push(...this.lines.map(([x, y]) => [x - 1, y - 1, x + 1, y + 1]));
    const clear = (box) => taken.every((t) => box[2] < t[0] || box[0] > t[2] || box[3] < t[1] || box[1] > t[3]);
    const { plot } = this;
    for (const { at, text } of texts.filter(({ at }) => this.shows(at))) {
      const width = text.length * 6.3 + 2;
      const choices = [];
      for (const gap of [9, 16, 26, 40])
        for (const [dx, dy] of [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [-1, -1], [1, 1], [-1, 1]]) {
          const x = at[0] + dx * gap - (dx < 0 ? width : dx === 0 ? width / 2 : 0);
          const y = at[1] + dy * gap;
          choices.push([x, y - 7, x + width, y + 7]);
        }
      const fits = (b) => b[0] >= plot.x0 && b[2] <= plot.x1 + 6 && b[1] >= plot.y0 - 8 && b[3] <= plot.y1;
      const box = choices.find((b) => fits(b) && clear(b));
      if (!box) continue;
      taken.push(box);
      const end = [clamp(at[0], box[0], box[2]), clamp(at[1], box[1], box[3])];
      if (Math.hypot(end[0] - at[0], end[1] - at[1]) > 14) this.node.append(svg("line", { x1: at[0], y1: at[1], x2: end[0], y2: end[1], class: "leader" }));
      this.node.append(svg("text", { x: box[0], y: box[1] + 11, class: "label" }, text));
    }
  }
  // ---- hover and zoom
  place(event) {
    const box = this.node.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * this.width, ((event.clientY - box.top) / box.height) * this.height];
  }
  listen() {
    let from = null, band = null;
    this.node.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      from = this.place(event);
      if (event.isTrusted) this.node.setPointerCapture(event.pointerId);
    });
    this.node.addEventListener("pointermove", (event) => {
      const at = this.place(event);
      if (from && Math.hypot(at[0] - from[0], at[1] - from[1]) > 4) {
        hush();
        band ??= this.node.appendChild(svg("rect", { class: "band" }));
        const [x, y] = [Math.min(at[0], from[0]), Math.min(at[1], from[1])];
        for (const [key, value] of Object.entries({ x, y, width: Math.abs(at[0] - from[0]), height: Math.abs(at[1] - from[1]) })) band.setAttribute(key, value);
        return;
      }
      const distance = ({ at: [x, y] }) => Math.hypot(x - at[0], y - at[1]);
      const best = this.hits.reduce((a, b) => (a && distance(a) <= distance(b) ? a : b), null);
      if (best && distance(best) <= NEAR) {
        say(event, best.lines);
        this.point(best.at);
      } else {
        hush();
        this.point(null);
      }
    });
    const up = (event) => {
      if (from && band) this.zoomTo(from, this.place(event));
      band?.remove();
      from = band = null;
    };
    this.node.addEventListener("pointerup", up);
    this.node.addEventListener("pointercancel", () => { band?.remove(); from = band = null; });
    this.node.addEventListener("pointerleave", () => { hush(); this.point(null); });
    this.node.addEventListener("dblclick", () => this.reset());
    this.node.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const [x, y] = this.place(event);
      const factor = event.deltaY > 0 ? 1.25 : 0.8;
      const about = ([low, high], centre) => [centre - (centre - low) * factor, centre + (high - centre) * factor];
      this.zoom = [about(this.spans[0], this.x.scaled(x)), about(this.spans[1], this.y.scaled(y))];
      this.redraw();
    }, { passive: false });
  }
  point(at) {
    this.halo?.remove();
    this.halo = at && this.node.appendChild(svg("circle", { cx: at[0], cy: at[1], r: 9, class: "halo" }));
  }
  zoomTo(a, b) {
    const { plot } = this;
    const bound = ([x, y]) => [clamp(x, plot.x0, plot.x1), clamp(y, plot.y0, plot.y1)];
    const [p, q] = [bound(a), bound(b)];
    if (Math.abs(p[0] - q[0]) < 8 || Math.abs(p[1] - q[1]) < 8) return;
    const sorted = (u, v) => (u < v ? [u, v] : [v, u]);
    this.zoom = [sorted(this.x.scaled(p[0]), this.x.scaled(q[0])), sorted(this.y.scaled(p[1]), this.y.scaled(q[1]))];
    this.redraw();
  }
  reset() {
    this.zoom = null;
    this.redraw();
  }
}
