// The span in numbers, and how it differs from the one before.

import { h, icon, replace } from "../../core/dom.js";
import { now } from "../../core/site.js";
import { energy, known, money, number } from "../../words/numbers.js";

const TILES = [
  ["house_kwh", "House used", "house"], ["import_kwh", "From the grid", "grid"], ["export_kwh", "To the grid", "grid"],
  ["pv_kwh", "From the sun", "pv"], ["charged_kwh", "Into the battery", "battery"], ["discharged_kwh", "Out of the battery", "battery"],
  ["gas_kwh", "Gas", "gas"],
];

// Of a period whose beginning nobody recorded nothing can be said.
const PARTLY = Symbol("partly");

export function makeTotals() {
  const list = h("ul", { class: "tiles totals" });
  const element = h("section", { "aria-label": "Totals of this span" }, list);
  return {
    element,
    show(intervals, view) {
      const { totals, previous, currency } = intervals;
      const before = previous ? upToNow(intervals, previous, totals) : null;
      const tiles = TILES.filter(([key]) => known(totals[key])).map(([key, name, carrier]) => {
        const shown = energy(totals[key]);
        return tile(carrier, name, shown.value, shown.unit, difference(totals[key], before?.[key], before, view, (value) => energy(value).text));
      });
      if (!known(totals.gas_kwh) && known(totals.gas_m3)) {
        tiles.push(tile("gas", "Gas", number(totals.gas_m3, 2), "m³", difference(totals.gas_m3, before?.gas_m3, before, view, (value) => `${number(value, 2)}\u00a0m³`)));
      }
      if (known(totals.cost)) {
        tiles.unshift(tile(null, net(totals) < 0 ? "Earned" : "Net cost", money(Math.abs(net(totals)), currency), "",
          difference(net(totals), before?.cost === PARTLY ? PARTLY : known(before?.cost) ? net(before) : undefined, before, view, (value) => money(value, currency))));
      }
      replace(list, tiles);
      element.hidden = tiles.length === 0;
    },
  };
}

const net = (totals) => totals.total ?? totals.cost - (totals.income ?? 0) + (totals.standing ?? 0);

/** The totals of the period before: all of it, or of a period that still runs, as much of it. */
function upToNow({ items }, previous, totals) {
  const begun = items.filter((item) => Date.parse(item.from) < now());
  const last = begun.at(-1);
  const runs = last !== undefined && Date.parse(last.to) > now();
  if (!runs && begun.length >= previous.items.length) return whole(previous, totals);
  const share = runs ? (now() - Date.parse(last.from)) / (Date.parse(last.to) - Date.parse(last.from)) : 1;
  const kept = previous.items.slice(0, begun.length);
  const sums = { soFar: true };
  for (const key of Object.keys(totals).filter((name) => known(totals[name]))) {
    const values = kept.map((item, index) => (index === begun.length - 1 ? item[key] * share : item[key]));
    sums[key] = kept.every((item) => known(item[key])) ? values.reduce((sum, value) => sum + value, 0) : PARTLY;
  }
  return sums;
}

function whole(previous, totals) {
  const missing = (key) => previous.items.some((item) => !known(item[key]));
  return Object.fromEntries(Object.keys(totals).map((key) => [key, known(totals[key]) && missing(key) ? PARTLY : previous.totals[key]]));
}

function tile(carrier, name, value, unit, change) {
  return h("li", { class: `tile ${carrier ? "" : "tile-cost"}`, vars: { "--tone": `var(--${carrier ?? "accent"})` } }, carrier ? icon(carrier) : null,
    h("span", { class: "tile-name" }, name), h("span", { class: "tile-value" }, value, unit ? h("span", { class: "unit" }, ` ${unit}`) : null), change);
}

function difference(value, before, period, view, write) {
  if (before === PARTLY) return h("span", { class: "tile-change soft" }, `${view.before()} is recorded only in part`);
  if (!known(value) || !known(before)) return null;
  const other = period.soFar ? `${view.before()} by then` : view.before();
  const change = value - before;
  const share = Math.abs(before) > 1e-6 ? Math.abs(change / before) * 100 : null;
  const amount = share !== null && share < 500 ? `${number(share)} %` : write(Math.abs(change));
  const words = share !== null && share < 0.5 ? `as ${other}` : `${change > 0 ? "▲" : "▼"} ${amount} ${change > 0 ? "more" : "less"} than ${other}`;
  return h("span", { class: "tile-change" }, words, h("span", { class: "soft" }, ` (${write(before)})`));
}
