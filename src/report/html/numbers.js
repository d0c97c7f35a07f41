// Numbers and axes of charts: how a value is written, where it lies, where ticks fall.
// Part of one script; `mod.rs` says in which order.

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
