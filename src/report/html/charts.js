// Charts of a report: drawn from the same descriptions as its SVG files, with hover, zoom and
// series that can be switched off. No library, no network.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const data = JSON.parse(document.getElementById("charts").textContent);
  const looks = data.looks;
  const EDGE = { left: 74, right: 16, top: 30, bottom: 50 };
  const SIZE = { narrow: [560, 400], wide: [960, 440] };
  const NEAR = 28; // pixels from a point within which it answers

  // ---- small things -------------------------------------------------------------------------
  const svg = (name, attributes = {}, text) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const html = (name, className, text) => {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const colour = (style) => looks.palette[style % looks.palette.length];
  const dash = (style) => (looks.dashes[style % looks.dashes.length] || []).join(" ");
  const marker = (style, x, y, radius) => {
    const shape = looks.markers[style % looks.markers.length];
    return "M" + shape.map(([a, b]) => `${(x + a * radius).toFixed(1)},${(y + b * radius).toFixed(1)}`).join("L") + "Z";
  };

  // ---- numbers ------------------------------------------------------------------------------
  const digits = (value, count) => {
    if (value === 0) return "0";
    const size = Math.floor(Math.log10(Math.abs(value)) + 1e-9);
    if (size < -5 || size > 8) return value.toExponential(count - 1);
    const text = value.toFixed(Math.max(0, count - 1 - size));
    return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
  };
  const prefixed = (value, count, prefixes) => {
    const found = prefixes.find(([factor]) => Math.abs(value) * (1 + 1e-9) >= factor);
    return found ? digits(value / found[0], count) + found[1] : digits(value, count);
  };
  const SI = [[1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"]];
  const BINARY = [[2 ** 40, "Ti"], [2 ** 30, "Gi"], [2 ** 20, "Mi"], [2 ** 10, "Ki"], [1, ""]];
  const write = (ticks, value, count = 4) => {
    if (ticks === "si") return prefixed(value, count, SI);
    if (ticks === "binary") return prefixed(value, count, BINARY);
    if (ticks === "dollars") return (value < 0 ? "-$" : "$") + digits(Math.abs(value), count);
    return digits(value, count);
  };

  // The numbers of one axis, those of a linear one with equally many decimals.
  const writeAll = (axis, values) => {
    const texts = values.map((value) => write(axis.ticks, value));
    const decimals = (text) => (text.split(".")[1] || "").length;
    const most = Math.max(...texts.map(decimals));
    if (axis.scale !== "linear" || most === 0 || !["plain", "dollars"].includes(axis.ticks)) return texts;
    const sign = axis.ticks === "dollars" ? "$" : "";
    return values.map((value, i) => (texts[i].includes("e") ? texts[i] : `${value < 0 ? "-" : ""}${sign}${Math.abs(value).toFixed(Math.max(most, sign ? 2 : 0))}`));
  };

  // ---- axes ---------------------------------------------------------------------------------
  const forth = { linear: (v) => v, log10: Math.log10, log2: Math.log2 };
  const back = { linear: (v) => v, log10: (v) => 10 ** v, log2: (v) => 2 ** v };
  const span = (axis, values) => {
    const all = values.concat(axis.cover || []).map(forth[axis.scale]).filter(Number.isFinite);
    let low = Math.min(...all), high = Math.max(...all);
    if (!(low <= high)) return [0, 1];
    const air = high > low ? (high - low) * 0.06 : axis.scale === "linear" && low !== 0 ? Math.abs(low) * 0.1 : 0.5;
    const floor = axis.scale === "linear" && low >= 0 ? Math.max(0, low - air) : low - air;
    return [floor, high + air];
  };
  const ruler = (axis, [low, high], from, to) => ({
    at: (value) => from + ((forth[axis.scale](value) - low) / (high - low)) * (to - from),
    scaled: (pixel) => low + ((pixel - from) / (to - from)) * (high - low),
  });
  const ticksOf = (axis, [low, high], count) => {
    const [from, to] = [back[axis.scale](low), back[axis.scale](high)];
    const even = () => {
      const rough = (to - from) / count;
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 2.5, 5, 10].map((f) => f * power).find((s) => s >= rough * (1 - 1e-9));
      const all = [];
      for (let k = Math.ceil(from / step - 1e-9); k * step <= to * (1 + 1e-12) + step * 1e-9 && all.length < 60; k++) all.push(k * step);
      return all;
    };
    if (axis.scale === "linear" || high - low < 0.7) return even().filter((v) => axis.scale === "linear" || v > 0);
    const all = [];
    if (axis.scale === "log2") {
      const stride = Math.max(1, Math.ceil((high - low) / count));
      for (let k = Math.ceil(low); k <= high; k += stride) all.push(2 ** k);
      return all;
    }
    const digitsShown = (high - low) * 3 <= count ? [1, 2, 5] : [1];
    const stride = Math.max(1, Math.ceil((high - low) / count));
    for (let k = Math.floor(low); k <= high; k += digitsShown.length > 1 ? 1 : stride)
      for (const d of digitsShown) {
        const value = d * 10 ** k;
        if (forth.log10(value) >= low && forth.log10(value) <= high) all.push(value);
      }
    return all.length > 1 ? all : even();
  };

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
      return { x0: EDGE.left, x1: this.width - EDGE.right - (this.of.right || 0), y0: EDGE.top, y1: this.height - EDGE.bottom };
    }
    draw(hidden) {
      const { of, plot } = this;
      const { xs, ys } = of.extent(hidden);
      const [spanX, spanY] = this.zoom || [of.bare ? of.x.cover : span(of.x, xs), span(of.y, ys)];
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
      const across = of.bare ? [] : ticksOf(of.x, this.spans[0], Math.floor((plot.x1 - plot.x0) / 62));
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
      const up = ticksOf(of.y, this.spans[1], 10);
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
          title: panel.title, x, y, wide: true, bare: true,
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
    planes.push(...panels.map((panel) => new Plane(panel, redraw, wide ? SIZE.wide : SIZE.narrow)));
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
})();
