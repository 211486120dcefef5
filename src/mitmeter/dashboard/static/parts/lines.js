// A line chart over time in plain SVG: axes, units, dashes, and a cursor for mouse, touch and keys.

import { h, replace, s } from "../core/dom.js";
import { known } from "../words/numbers.js";
import { clockSeconds, whenShort } from "../words/times.js";
import { numberTicks, timeTicks } from "./ticks.js";
import { DASHES } from "./colours.js";

const HEIGHT = 260;
const PAD = { top: 12, right: 12, bottom: 26, left: 58 };
// Points further apart than this are not joined: the line would claim what nobody measured.
const LONGEST_JOIN = 0.05;

/** `format(value)` writes a value with its unit; `long` spans show dates in the tooltip. */
export function makeLines({ label, format, signal, height = HEIGHT, long = false, fit = null }) {
  const drawing = s("svg", { class: "lines", role: "img", "aria-label": label, height });
  const legend = h("ul", { class: "legend" });
  const tip = h("div", { class: "tip", role: "status", hidden: true });
  const box = h("div", { class: "lines-box", tabindex: "0", role: "group", "aria-label": `${label}. Arrow keys read single moments.` }, drawing, tip);
  const element = h("div", {}, legend, box);
  let state = null;
  let cursor = null;

  const draw = (series, since, until) => {
    state = { series, since, until, width: box.clientWidth || 600, height, fit };
    replace(legend, series.map(legendItem));
    paint(drawing, state, format);
    if (cursor !== null) point(cursor);
  };
  const point = (at) => {
    if (!state) return;
    cursor = Math.max(state.since, Math.min(state.until, at));
    showTip(drawing, tip, state, cursor, format, long ? whenShort : clockSeconds);
  };
  const leave = () => {
    cursor = null;
    tip.hidden = true;
    drawing.querySelector(".cursor")?.remove();
  };
  box.addEventListener("pointermove", (event) => {
    const x = event.clientX - drawing.getBoundingClientRect().left;
    if (state) point(state.since + ((x - PAD.left) / (state.width - PAD.left - PAD.right)) * (state.until - state.since));
  });
  box.addEventListener("pointerleave", leave);
  box.addEventListener("blur", leave);
  box.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !state) return;
    event.preventDefault();
    point((cursor ?? state.until) + (step * (state.until - state.since)) / 60);
  });
  const sizes = new ResizeObserver(() => state && draw(state.series, state.since, state.until));
  sizes.observe(box);
  signal.addEventListener("abort", () => sizes.disconnect());
  return { element, draw };
}

function legendItem({ name, label }) {
  return h("li", {}, s("svg", { class: "legend-line", viewBox: "0 0 28 8", "aria-hidden": "true" },
    s("line", { x1: 1, y1: 4, x2: 27, y2: 4, class: `stroke-${name}`, "stroke-dasharray": DASHES[name] ?? "" })), label);
}

function bounds(series) {
  const values = series.flatMap((one) => one.points.map((point) => point.value)).filter(known);
  const low = Math.min(0, ...values);
  const high = Math.max(low < 0 ? 0 : 1, ...values);
  const room = (high - low) * 0.06;
  return [low < 0 ? low - room : 0, high + room];
}

function paint(drawing, state, format) {
  const { series, since, until, width, height } = state;
  const [low, high] = state.fit ? state.fit(series) : bounds(series);
  const x = (at) => PAD.left + ((at - since) / (until - since)) * (width - PAD.left - PAD.right);
  const y = (value) => height - PAD.bottom - ((value - low) / (high - low)) * (height - PAD.top - PAD.bottom);
  Object.assign(state, { x, y });
  drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const rows = numberTicks(low, high, 4).map((value) => [
    s("line", { class: value === 0 ? "axis-zero" : "axis-line", x1: PAD.left, x2: width - PAD.right, y1: y(value), y2: y(value) }),
    s("text", { class: "axis-text", x: PAD.left - 8, y: y(value) + 4, "text-anchor": "end" }, format(value)),
  ]);
  const columns = timeTicks(since, until, Math.max(3, width / 130)).map(({ at, text }) =>
    s("text", { class: "axis-text", x: x(at), y: height - 7, "text-anchor": "middle" }, text));
  const paths = series.map((one) => s("path", {
    class: `line stroke-${one.name}`, d: trace(one.points, x, y, (until - since) * LONGEST_JOIN), "stroke-dasharray": DASHES[one.name] ?? "",
  }));
  replace(drawing, rows, columns, paths);
}

function trace(points, x, y, longest) {
  let path = "";
  let before = null;
  for (const { at, value } of points) {
    if (!known(value)) {
      before = null;
      continue;
    }
    path += `${before === null || at - before > longest ? "M" : "L"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    before = at;
  }
  return path;
}

function showTip(drawing, tip, state, at, format, write) {
  const found = state.series.map((one) => ({ ...one, point: nearest(one.points, at, (state.until - state.since) * LONGEST_JOIN) }));
  drawing.querySelector(".cursor")?.remove();
  const marks = found.filter((one) => one.point).map((one) => s("circle", { class: `fill-${one.name}`, cx: state.x(one.point.at), cy: state.y(one.point.value), r: 4 }));
  drawing.append(s("g", { class: "cursor" }, s("line", { x1: state.x(at), x2: state.x(at), y1: PAD.top, y2: state.height - PAD.bottom }), marks));
  replace(tip, h("strong", {}, write(at)), found.map((one) => h("span", {}, one.label.replace(/ \(.*/, ""), h("b", {}, one.point ? format(one.point.value) : "no reading"))));
  tip.hidden = false;
  const right = state.x(at) > state.width / 2;
  tip.style.left = right ? "auto" : `${state.x(at) + 12}px`;
  tip.style.right = right ? `${state.width - state.x(at) + 12}px` : "auto";
}

function nearest(points, at, longest) {
  let best = null;
  for (const point of points) {
    if (known(point.value) && Math.abs(point.at - at) <= longest && (!best || Math.abs(point.at - at) < Math.abs(best.at - at))) best = point;
  }
  return best;
}
