// History: power as lines, energy and cost as bars, of any span – and what it was before.

import { h, replace } from "../core/dom.js";
import { get } from "../core/api.js";
import { keepQuery } from "../core/router.js";
import { now, site } from "../core/site.js";
import { isoOf } from "../words/times.js";
import { onTheme } from "../parts/colours.js";
import { noDevices, explain } from "../parts/states.js";
import { loadPlotly } from "../parts/plotly.js";
import { View } from "./history/view.js";
import { makeControls } from "./history/controls.js";
import { makePower } from "./history/power.js";
import { makeEnergy } from "./history/energy.js";
import { makeTotals } from "./history/totals.js";
import { makeAsTable } from "./history/astable.js";
import { findExtras, findPowers } from "./history/sources.js";

export const title = "History";
const MOST_POINTS = 700;

export async function open({ root, query, signal }) {
  const loading = loadPlotly();
  const { lines, devices } = await findPowers(signal);
  if (!devices.length) {
    replace(root, h("div", { class: "page-head" }, h("h1", {}, "History")), noDevices());
    return;
  }
  const plotly = await loading;
  const view = new View(query);
  const known = new Map(lines.map((line) => [line.key, line]));
  let asking = new AbortController();
  signal.addEventListener("abort", () => asking.abort());

  const status = h("p", { class: "seen-not", role: "status" });
  const trouble = h("div", {});
  const totals = makeTotals();
  const zoom = (since, until) => go(() => view.zoom(since, until));
  const power = makePower({ plotly, zoom, signal });
  const energy = makeEnergy({ plotly, zoom, signal });
  const asTable = makeAsTable();
  const controls = makeControls({ view, go: (change) => go(change) });
  const body = h("div", { class: "stack" }, totals.element, power.element, energy.element, asTable.element);
  replace(root, controls.element, trouble, body, status);

  async function go(change) {
    change?.();
    asking.abort();
    asking = new AbortController();
    const mine = asking.signal;
    keepQuery(view.query());
    controls.show();
    body.setAttribute("aria-busy", "true");
    const width = Math.max(200, Math.min(MOST_POINTS, body.clientWidth));
    try {
      // Each chart is drawn when its numbers are here: lines of a year may take longer than bars.
      await Promise.all([
        askLines(view, lines, width, mine).then((told) => mine.aborted || power.show(told, view, known)),
        askBars(view, mine).then((told) => {
          if (mine.aborted) return;
          totals.show(told, view);
          energy.show(told, view);
          asTable.show(told);
        }),
      ]);
      replace(trouble);
      status.textContent = `Shown: ${view.words()}`;
    } catch (error) {
      if (error.name !== "AbortError") explain(trouble, error);
    } finally {
      if (!mine.aborted) body.removeAttribute("aria-busy");
    }
  }
  onTheme(() => [power, energy].forEach((chart) => chart.draw()), signal);
  await go();
  const extras = await findExtras(devices, lines, signal).catch(() => []);
  for (const line of extras) known.set(line.key, line);
  controls.offer(extras);
  if (view.extra) power.draw();
}

function askLines(view, lines, points, signal) {
  const until = Math.min(view.until, Math.max(now(), view.since + 60000));
  const series = [...lines.map((line) => line.key), view.extra].filter(Boolean);
  if (!series.length) return Promise.resolve({ series: [] });
  return get("history", { series, since: isoOf(view.since), until: isoOf(until), points }, signal);
}

async function askBars(view, signal) {
  const [since, until] = view.intervalSpan();
  const told = await get("intervals", { every: view.every(), since: isoOf(since), until: isoOf(until), compare: view.compare ? "previous" : "" }, signal);
  told.currency ??= site.currency;
  return told;
}
