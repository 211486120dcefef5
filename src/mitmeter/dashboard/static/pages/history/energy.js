// Energy as bars, and what it cost: above the line comes in, below goes out. Bars whose numbers
// are not measured through and through are hatched.

import { h, replace, setText } from "../../core/dom.js";
import { colour } from "../../parts/colours.js";
import { axisTicks, layout, plotInto } from "../../parts/plotly.js";
import { csv, saveText } from "../../parts/save.js";
import { timeTicks } from "../../parts/ticks.js";
import { energy as shownEnergy, known, money } from "../../words/numbers.js";
import { clock, day, say } from "../../words/times.js";
import { downloads, savePicture } from "./download.js";
import { watchSize, wire } from "./power.js";

const BARS = [
  { key: "import_kwh", quantity: "grid.import", label: "From the grid", colour: "grid", sign: 1 },
  { key: "pv_kwh", quantity: "pv.energy", label: "From the sun", colour: "pv-fill", sign: 1 },
  { key: "discharged_kwh", quantity: "battery.discharged", label: "Out of the battery", colour: "battery", sign: 1 },
  { key: "export_kwh", quantity: "grid.export", label: "To the grid", colour: "grid", sign: -1, shape: "/" },
  { key: "charged_kwh", quantity: "battery.charged", label: "Into the battery", colour: "battery", sign: -1, shape: "/" },
  { key: "gas_kwh", quantity: "gas.energy", label: "Gas", colour: "gas", sign: 1, off: true },
];
const COSTS = [["cost", "Energy", "accent", 1, ""], ["standing", "Standing charge", "control", 1, "."], ["income", "Earned by export", "battery", -1, "/"]];
const EVERY_WORDS = { "15m": "quarter of an hour", "30m": "half hour", "1h": "hour", "1d": "day", "1mo": "month", "1y": "year" };

export function makeEnergy({ plotly, zoom, signal }) {
  const plot = h("div", { class: "plot", role: "img", "aria-label": "Energy per interval" });
  const bill = h("div", { class: "plot low", role: "img", "aria-label": "Cost per interval" });
  const legend = h("div", { class: "toggles", role: "group", "aria-label": "Bars shown" });
  const note = h("span", { class: "soft" });
  const prices = h("ul", { class: "legend" });
  const marks = h("p", { class: "soft small" });
  const priceless = h("p", { class: "soft" }, "No price is known for this span: neither a device reported a tariff nor does the configuration name one.");
  const off = new Set(BARS.filter((bar) => bar.off).map((bar) => bar.key));
  let told = null;

  const shownBars = () => BARS.filter((bar) => !off.has(bar.key) && told.items.some((item) => known(item[bar.key])));
  const save = () => saveText(told.view.fileName("energy", "csv"), "text/csv", csv(rows(told, shownBars())));
  const element = h("div", { class: "stack" },
    h("section", { class: "card", "aria-labelledby": "energy-head" },
      h("div", { class: "card-head" }, h("h2", { id: "energy-head" }, "Energy"), note, downloads("energy", save, () => savePicture(plotly, plot, told.view.fileName("energy", "png")))),
      legend, plot, marks),
    h("section", { class: "card", "aria-labelledby": "cost-head" },
      h("div", { class: "card-head" }, h("h2", { id: "cost-head" }, "Cost"), h("span", { class: "soft" }, "energy and standing charge above the line, export below"),
        downloads("cost", save, () => savePicture(plotly, bill, told.view.fileName("cost", "png")))),
      priceless, prices, bill));

  const draw = () => {
    if (!told) return;
    const bars = shownBars();
    const axis = xAxis(told, plot);
    plotInto(plotly, plot, [...bars.map((bar) => barTrace(bar, told)), ...houseTraces(told)], layout(320, {
      xaxis: axis, yaxis: { title: { text: "kWh", font: { size: 12 } } }, rest: { barmode: "relative", bargap: 0.15 },
    }));
    const priced = told.items.some((item) => known(item.cost));
    priceless.hidden = priced;
    bill.hidden = !priced;
    if (priced) {
      plotInto(plotly, bill, costTraces(told), layout(220, { xaxis: axis, yaxis: { title: { text: told.currency ?? "", font: { size: 12 } } }, rest: { barmode: "relative", bargap: 0.15 } }));
      if (!bill.dataset.wired) wire(bill, zoom);
    }
    if (!plot.dataset.wired) wire(plot, zoom);
  };
  watchSize(plot, draw, signal);

  return {
    element,
    draw,
    show(intervals, view) {
      told = { ...intervals, view, items: intervals.items.map(placed) };
      setText(note, `per ${EVERY_WORDS[intervals.every] ?? intervals.every}`);
      setText(marks, markWords(told.items) + gapWords(told.gaps));
      replace(legend, BARS.filter((bar) => told.items.some((item) => known(item[bar.key]))).map((bar) => toggle(bar, off, draw)), houseLegend(told));
      replace(prices, COSTS.filter(([key]) => told.items.some((item) => known(item[key]) && item[key] !== 0)).map(([, label, tone, , shape]) => h("li", {}, swatch(tone, shape), label)));
      draw();
    },
  };
}

function placed(item) {
  const [from, to] = [Date.parse(item.from), Date.parse(item.to)];
  return { ...item, from, to, at: (from + to) / 2, width: (to - from) * 0.82 };
}

function xAxis(told, plot) {
  const first = told.items[0]?.from ?? told.view.since;
  const [since, until] = told.view.zoomed ? [told.view.since, told.view.until] : [Math.min(first, told.view.since), told.view.until];
  const wanted = Math.max(3, plot.clientWidth / 90);
  const middles = ["1d", "1mo", "1y"].includes(told.every) && told.items.length <= 40;
  const step = Math.max(1, Math.ceil(told.items.length / wanted));
  const ticks = middles ? told.items.filter((_, index) => index % step === 0).map((item) => ({ at: item.at, text: name(item, told.every, true) })) : timeTicks(since, until, wanted);
  return { range: [since, until], ...axisTicks(ticks) };
}

/** What an interval is called: its clock time, its day, its month. */
export function name(item, every, short = false) {
  if (every === "1y") return say(item.from, { year: "numeric" });
  if (every === "1mo") return say(item.from, short ? { month: "short" } : { month: "long", year: "numeric" });
  if (every === "1d") return short ? say(item.from, { weekday: "short", day: "numeric" }) : day(item.from);
  return `${day(item.from)}, ${clock(item.from)} – ${clock(item.to)}`;
}

function barTrace(bar, told) {
  const { items, every } = told;
  return {
    type: "bar", name: bar.label, x: items.map((item) => item.at), width: items.map((item) => item.width),
    y: items.map((item) => (known(item[bar.key]) ? bar.sign * item[bar.key] : null)),
    marker: {
      color: colour(bar.colour), line: { color: colour("card"), width: 0.5 },
      pattern: { shape: items.map((item) => (hatched(item, bar) ? "x" : (bar.shape ?? ""))), fgcolor: colour("card"), bgcolor: colour(bar.colour), size: 6, solidity: 0.28 },
    },
    text: items.map((item) => shownEnergy(item[bar.key]).text), textposition: "none", customdata: items.map((item) => name(item, every)),
    hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
  };
}

/** What the house used, now and before, as marks over the bars. */
function houseTraces(told) {
  const dots = (items, label, symbol, hollow) => ({
    type: "scatter", mode: "markers", name: label, x: told.items.slice(0, items.length).map((item) => item.at), y: items.map((item) => item.house_kwh ?? null),
    marker: { symbol, size: 9, color: hollow ? colour("card") : colour("house"), line: { color: colour("house"), width: 2 } },
    text: items.map((item) => shownEnergy(item.house_kwh).text), hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
  });
  const all = told.items.some((item) => known(item.house_kwh)) ? [dots(told.items, "House used", "circle", false)] : [];
  if (told.previous) all.push(dots(told.previous.items.slice(0, told.items.length), `House, ${told.view.before()}`, "diamond", true));
  return all;
}

function costTraces(told) {
  return COSTS.map(([key, label, tone, sign, shape]) => ({
    type: "bar", name: label, x: told.items.map((item) => item.at), width: told.items.map((item) => item.width),
    y: told.items.map((item) => (known(item[key]) ? sign * item[key] : null)),
    marker: { color: colour(tone), pattern: { shape, fgcolor: colour("card"), bgcolor: colour(tone), size: 6, solidity: 0.28 } },
    text: told.items.map((item) => money(item[key], told.currency)), textposition: "none", hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
  }));
}

function toggle(bar, off, draw) {
  const button = h("button", { class: "toggle", type: "button", "aria-pressed": String(!off.has(bar.key)) },
    swatch(bar.colour, bar.shape), bar.label);
  button.addEventListener("click", () => {
    if (!off.delete(bar.key)) off.add(bar.key);
    button.setAttribute("aria-pressed", String(!off.has(bar.key)));
    draw();
  });
  return button;
}

/** Whether a bar is not simply the difference of two readings. */
function hatched(item, bar) {
  const marks = item.of ? (item.of[bar.quantity] ?? []) : (item.marks ?? []);
  return marks.some((mark) => mark !== "partial" && mark !== "roll-over");
}

function swatch(tone, shape) {
  return h("span", { class: `swatch ${shape ? "striped" : ""}`, vars: { "--tone": `var(--${tone})` }, "aria-hidden": "true" });
}

function houseLegend(told) {
  if (!told.items.some((item) => known(item.house_kwh))) return null;
  return [h("span", { class: "mark-legend" }, h("span", { "aria-hidden": "true" }, "●"), " House used"),
    told.previous ? h("span", { class: "mark-legend" }, h("span", { "aria-hidden": "true" }, "◇"), ` House, ${told.view.before()}`) : null];
}

export const MARKS = {
  gap: "has missing readings", estimated: "is estimated from power", "meter-change": "includes a change of meter",
  partial: "is not over yet", "roll-over": "includes a counter that ran through all its digits", unpriced: "has energy without a price",
};

/** Energy that is in the totals but in no bar, as nobody knows when in a gap it was used. */
function gapWords(gaps = []) {
  const words = gaps.filter((gap) => known(gap.value)).map((gap) => `${shownEnergy(gap.value).text} of ${gap.quantity}`);
  if (!gaps.length) return "";
  return ` ${gaps.length} × readings are missing across a border of bars${words.length ? `: ${words.slice(0, 3).join(", ")}${words.length > 3 ? " …" : ""} in the totals, but in no bar` : ""}.`;
}

function markWords(items) {
  const counts = new Map();
  for (const item of items) for (const mark of item.marks ?? []) counts.set(mark, (counts.get(mark) ?? 0) + 1);
  const said = [...counts].filter(([mark]) => mark !== "partial").map(([mark, count]) => `${count} × ${MARKS[mark] ?? mark}`);
  return said.length ? `Cross-hatched bars: ${said.join(", ")}. The table below says which.` : "";
}

function rows(told, bars) {
  const keys = [...bars.map((bar) => bar.key), "house_kwh", "gas_m3", "cost", "income", "standing"].filter((key, index, all) => all.indexOf(key) === index);
  return [["from_utc", "to_utc", ...keys, "currency", "marks"],
    ...told.items.map((item) => [new Date(item.from).toISOString(), new Date(item.to).toISOString(), ...keys.map((key) => item[key]), told.currency, (item.marks ?? []).join(" ")])];
}
