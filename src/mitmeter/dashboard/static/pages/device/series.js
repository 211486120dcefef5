// Everything a device measures: newest value, how it went today, and the readings behind it.

import { h, replace } from "../../core/dom.js";
import { address, get } from "../../core/api.js";
import { link } from "../../core/router.js";
import { now } from "../../core/site.js";
import { listen } from "../../core/live.js";
import { count, known, measured, number } from "../../words/numbers.js";
import { isoOf, whenShort } from "../../words/times.js";
import { carrier, quantityName } from "../../words/quantities.js";
import { spark } from "../../parts/spark.js";
import { table } from "../../parts/table.js";
import { empty, loading } from "../../parts/states.js";

const DAY = 86400000;
const AT_ONCE = 12;
const POINTS = 60;
const NEWEST = 10;

export function makeSeries(device, chosen, signal) {
  const all = [...device.series].sort(byRank);
  const values = new Map();
  const sparks = new Map();
  const byName = new Map(device.series.map((series) => [series.quantity, series]));
  const filter = h("input", { id: "series-filter", type: "search", placeholder: "for instance voltage", on: { input: () => show() } });
  const list = h("div", {});
  const detail = h("div", { class: "readings-of" });

  const columns = [
    { head: "What", cell: (series) => h("div", {}, h("a", { href: link("devices", [device.device], { quantity: series.quantity }) }, quantityName(series.quantity)),
      h("div", { class: "soft small mono" }, series.quantity)) },
    { head: "Newest value", num: true, cell: (series) => remember(values, series.quantity, h("span", {}, h("strong", {}, measured(series.value, series.unit)), h("div", { class: "soft small" }, whenShort(series.last)))) },
    { head: "Last 24 h", cell: (series) => remember(sparks, series.quantity, h("span", { class: "spark-place" }, sparks.get(series.quantity)?.firstChild)) },
    { head: "Readings", num: true, cell: (series) => number(series.readings) },
  ];
  const show = () => {
    const words = filter.value.trim().toLowerCase();
    const kept = all.filter((series) => `${series.quantity} ${quantityName(series.quantity)} ${series.description}`.toLowerCase().includes(words));
    const [core, vendor] = [false, true].map((of) => kept.filter((series) => isVendor(series) === of));
    const fold = h("details", { open: words !== "" || !core.length }, h("summary", {}, count(vendor.length, "field"), " of the maker's own"));
    const unfold = () => {
      if (fold.childElementCount > 1) return;
      fold.append(table("Fields of the maker's own", columns, vendor));
      void fillAll(vendor).catch(() => null);
    };
    fold.addEventListener("toggle", unfold);
    replace(list, core.length ? table("Quantities of this device", columns, core) : null, vendor.length ? fold : null,
      kept.length ? null : empty("unknown", "Nothing of that name", "Shorten what is typed above."));
  };
  const fillAll = async (some) => {
    const gauges = some.filter((series) => series.kind === "gauge");
    for (let first = 0; first < gauges.length; first += AT_ONCE) await fillSparks(device, gauges.slice(first, first + AT_ONCE), sparks, signal);
  };
  show();
  const element = h("section", { class: "card", "aria-labelledby": "series-head" },
    h("div", { class: "card-head" }, h("h2", { id: "series-head" }, "What it measures"), h("span", { class: "soft" }, count(all.length, "quantity", "quantities"))),
    detail, h("div", { class: "filters" }, h("div", { class: "field" }, h("label", { for: "series-filter" }, "Find a quantity"), filter)), list);

  listen(["readings"], {
    reading: (reading) => {
      if (reading.device !== device.device || !values.has(reading.quantity)) return;
      const series = byName.get(reading.quantity);
      replace(values.get(reading.quantity), h("strong", {}, measured(reading.value, series.unit)), h("div", { class: "soft small" }, whenShort(reading.at)));
    },
  }, signal);

  return {
    element,
    async start() {
      if (chosen) await showReadings(detail, device, all.find((series) => series.quantity === chosen) ?? { quantity: chosen, unit: "" }, signal);
      await fillAll(all.filter((series) => !isVendor(series)));
    },
  };
}

const isVendor = (series) => series.quantity.startsWith("vendor.");

function byRank(a, b) {
  const rank = (series) => (isVendor(series) ? 2 : series.quantity.includes(".power") || series.quantity.endsWith(".soc") ? 0 : 1);
  return rank(a) - rank(b) || a.quantity.localeCompare(b.quantity);
}

function remember(map, key, node) {
  map.set(key, node);
  return node;
}

async function fillSparks(device, gauges, sparks, signal) {
  const told = await get("history", {
    series: gauges.map((series) => `${device.device}|${series.quantity}`), since: isoOf(now() - DAY), until: isoOf(now()), points: POINTS,
  }, signal);
  for (const one of told.series) {
    const kept = one.mean.filter(known);
    const label = kept.length ? `between ${measured(Math.min(...kept), one.unit)} and ${measured(Math.max(...kept), one.unit)}` : "no readings";
    const place = sparks.get(one.quantity);
    if (place) replace(place, kept.length > 1 ? spark(one.mean, label, carrier(one.quantity) === "other" ? "accent" : carrier(one.quantity)) : h("span", { class: "soft small" }, "no readings"));
  }
}

async function showReadings(detail, device, series, signal) {
  replace(detail, loading("Looking up the newest readings"));
  const asked = { device: device.device, quantity: series.quantity };
  const { items } = await get("readings", { ...asked, limit: NEWEST, since: isoOf(now() - 7 * DAY) }, signal);
  const newest = [...items].sort((a, b) => b.at.localeCompare(a.at));
  replace(detail,
    h("div", { class: "card-head" }, h("h3", {}, `Newest readings: ${quantityName(series.quantity)}`),
      h("span", { class: "actions row" }, h("a", { class: "button small", href: address("readings", { ...asked, format: "csv" }), download: "" }, "All as CSV"), h("a", { class: "button small", href: link("devices", [device.device]) }, "Close"))),
    newest.length ? table("Newest readings", [
      { head: "At", cell: (reading) => whenShort(reading.at) },
      { head: "Value", num: true, cell: (reading) => measured(reading.value, reading.unit ?? series.unit) },
      { head: "Came with", cell: (reading) => sourceLink(reading.source) },
    ], newest) : h("p", { class: "soft" }, "No readings in the last seven days."));
}

/** The message a reading was decoded from. */
export function sourceLink(source) {
  const cut = source?.lastIndexOf("/") ?? -1;
  if (cut < 1) return h("span", { class: "soft" }, "not from a message");
  return h("a", { href: link("traffic", [source.slice(0, cut), source.slice(cut + 1)]) }, `message ${source.slice(cut + 1)}`);
}
