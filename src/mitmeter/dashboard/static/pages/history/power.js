// Power as lines: the mean of each moment, and a band from its lowest to its highest value.

import { h, replace, s } from "../../core/dom.js";
import { colour, faded, DASHES } from "../../parts/colours.js";
import { axisTicks, layout, plotInto } from "../../parts/plotly.js";
import { csv, saveText } from "../../parts/save.js";
import { timeTicks } from "../../parts/ticks.js";
import { known, measured, power } from "../../words/numbers.js";
import { quantityName } from "../../words/quantities.js";
import { clockSeconds, dayClock, span } from "../../words/times.js";
import { downloads, savePicture } from "./download.js";

const HEIGHT = 340;
const COLOURS = { house: "house", pv: "pv-fill", grid: "grid", battery: "battery", gas: "gas", other: "accent" };

export function makePower({ plotly, zoom, signal }) {
  const plot = h("div", { class: "plot", role: "img", "aria-label": "Power over time" });
  const legend = h("div", { class: "toggles", role: "group", "aria-label": "Lines shown" });
  const note = h("span", { class: "soft" });
  const nothing = h("p", { class: "soft", hidden: true }, "No power was reported in this span.");
  const off = new Set();
  let told = null;

  const visible = () => told.series.filter((one) => !off.has(one.key));
  const element = h("section", { class: "card", "aria-labelledby": "power-head" },
    h("div", { class: "card-head" }, h("h2", { id: "power-head" }, "Power"), note,
      downloads("power", () => saveText(told.view.fileName("power", "csv"), "text/csv", csv(rows(visible()))),
        () => savePicture(plotly, plot, told.view.fileName("power", "png")))),
    legend, nothing, plot);

  const draw = () => {
    if (!told) return;
    const shown = visible();
    const other = shown.find((one) => one.unit !== "W");
    const ticks = timeTicks(told.view.since, told.view.until, Math.max(3, plot.clientWidth / 130));
    plotInto(plotly, plot, shown.flatMap((one) => traces(one, told.view, other)), layout(HEIGHT, {
      xaxis: { range: [told.view.since, told.view.until], ...axisTicks(ticks) },
      yaxis: { title: { text: "kW", font: { size: 12 } }, rangemode: "tozero" },
      yaxis2: other ? { title: { text: other.unit || quantityName(other.quantity), font: { size: 12 } } } : null,
      rest: other ? { margin: { l: 62, r: 58, t: 8, b: 34 } } : {},
    }));
    if (!plot.dataset.wired) wire(plot, zoom);
    nothing.hidden = told.series.some((one) => one.mean.some(known));
  };
  watchSize(plot, draw, signal);

  return {
    element,
    draw,
    show(history, view, lines) {
      const series = history.series.map((one) => {
        const key = `${one.device}|${one.quantity}`;
        return { ...one, key, line: lines.get(key), at: one.at.map((at) => Date.parse(at)) };
      });
      told = { series, view };
      const finest = Math.max(0, ...series.map((one) => one.every_seconds ?? 0));
      note.textContent = finest > 0 ? `one point for each ${span(finest)}, band from lowest to highest` : "every reading";
      replace(legend, series.map((one) => toggle(one, off, draw)));
      draw();
    },
  };
}

function toggle(one, off, draw) {
  const name = one.line?.name ?? "other";
  const button = h("button", { class: "toggle", type: "button", "aria-pressed": String(!off.has(one.key)) },
    s("svg", { class: "legend-line", viewBox: "0 0 28 8", "aria-hidden": "true" }, s("line", { x1: 1, y1: 4, x2: 27, y2: 4, class: `stroke-${name}`, "stroke-dasharray": DASHES[name] })),
    one.line?.label ?? quantityName(one.quantity), one.unit === "W" ? "" : ` (${one.unit})`);
  button.addEventListener("click", () => {
    if (!off.delete(one.key)) off.add(one.key);
    button.setAttribute("aria-pressed", String(!off.has(one.key)));
    draw();
  });
  return button;
}

function traces(one, view, other) {
  const name = one.line?.name ?? "other";
  const second = other && one.unit === other.unit && one.unit !== "W";
  const scale = one.unit === "W" ? 0.001 : 1;
  const sized = (values) => values.map((value) => (known(value) ? value * scale : null));
  const [at, mean, low, high] = withGaps(one);
  const shared = { x: at, yaxis: second ? "y2" : "y", type: "scatter", mode: "lines", connectgaps: false };
  const write = view.until - view.since > 90000000 ? dayClock : clockSeconds;
  const line = {
    ...shared, y: sized(mean), name: one.line?.label ?? quantityName(one.quantity),
    line: { color: colour(COLOURS[name]), width: 2, dash: plotlyDash(DASHES[name]) },
    text: at.map((moment, index) => `${one.unit === "W" ? power(mean[index]).text : measured(mean[index], one.unit)} · ${write(moment)}`),
    hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
  };
  const spread = low.some((value, index) => known(value) && value !== high[index]);
  if (!spread) return [line];
  const [round, edge] = outline(at, low, high);
  return [{ ...shared, x: round, y: sized(edge), mode: "lines", line: { width: 0 }, fill: "toself", fillcolor: faded(COLOURS[name], 0.16), hoverinfo: "skip" }, line];
}

/** The band from low to high as closed shapes: one for each stretch without a gap. */
function outline(at, low, high) {
  const [x, y] = [[], []];
  let from = 0;
  for (let index = 0; index <= at.length; index += 1) {
    if (index < at.length && known(low[index]) && known(high[index])) continue;
    if (index > from) {
      const [moments, lows, highs] = [at, low, high].map((column) => column.slice(from, index));
      x.push(...moments, ...moments.toReversed(), null);
      y.push(...lows, ...highs.toReversed(), null);
    }
    from = index + 1;
  }
  return [x, y];
}

/** The arrays with an empty place inside every gap, so that no line bridges it. */
function withGaps(one) {
  const columns = [one.at, one.mean, one.low ?? one.mean, one.high ?? one.mean];
  if (!one.gaps?.length) return columns;
  const rows = one.at.map((at, index) => columns.map((column) => (column === one.at ? at : column[index])));
  for (const [from] of one.gaps) rows.push([Date.parse(from) + 1, null, null, null]);
  rows.sort((a, b) => a[0] - b[0]);
  return columns.map((_, column) => rows.map((row) => row[column]));
}

function plotlyDash(dash) {
  return dash ? dash.split(" ").map((length) => `${length}px`).join(",") : "solid";
}

function rows(series) {
  const head = ["at_utc", ...series.flatMap((one) => ["mean", "low", "high"].map((part) => `${one.device} ${one.quantity} ${part} [${one.unit}]`))];
  const moments = new Map();
  series.forEach((one, column) => one.at.forEach((at, index) => {
    if (!moments.has(at)) moments.set(at, Array(series.length * 3).fill(null));
    moments.get(at).splice(column * 3, 3, one.mean[index], (one.low ?? one.mean)[index], (one.high ?? one.mean)[index]);
  }));
  return [head, ...[...moments].sort(([a], [b]) => a - b).map(([at, values]) => [new Date(at).toISOString(), ...values])];
}

export function wire(plot, zoom) {
  plot.dataset.wired = "1";
  plot.on("plotly_relayout", (change) => {
    const from = change["xaxis.range[0]"] ?? change["xaxis.range"]?.[0];
    const to = change["xaxis.range[1]"] ?? change["xaxis.range"]?.[1];
    if (from !== undefined && to !== undefined) zoom(Number(from), Number(to));
  });
}

export function watchSize(plot, draw, signal) {
  let width = 0;
  const sizes = new ResizeObserver(() => {
    if (Math.abs(plot.clientWidth - width) < 2) return;
    width = plot.clientWidth;
    draw();
  });
  sizes.observe(plot);
  signal.addEventListener("abort", () => sizes.disconnect());
}
