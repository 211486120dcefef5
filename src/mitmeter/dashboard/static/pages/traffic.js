// Traffic: every conversation, live and past.

import { h, replace } from "../core/dom.js";
import { get } from "../core/api.js";
import { keepQuery, link } from "../core/router.js";
import { site } from "../core/site.js";
import { listen } from "../core/live.js";
import { bytes, number } from "../words/numbers.js";
import { span, whenShort } from "../words/times.js";
import { moreButton } from "../parts/paging.js";
import { empty } from "../parts/states.js";
import { table, tableRow } from "../parts/table.js";

export const title = "Traffic";
const REFRESH_AFTER = 1500;

const COLUMNS = [
  { head: "Conversation", cell: (one) => h("div", {}, h("a", { href: link("traffic", [one.id]) }, `${one.station} · ${whenShort(one.opened)}`), h("div", { class: "soft small mono" }, one.id)) },
  { head: "State", cell: (one) => h("div", {}, stateOf(one), one.simulated ? h("div", { class: "small sim-word" }, "simulated") : null) },
  { head: "Who", cell: (one) => h("div", {}, `${one.protocol}, ${one.role}`, h("div", { class: "soft small mono" }, one.peer)) },
  { head: "Lasted", num: true, cell: (one) => (one.closed ? span((Date.parse(one.closed) - Date.parse(one.opened)) / 1000) : "still open") },
  { head: "From device", num: true, cell: (one) => bytes(one.device_bytes) },
  { head: "From head-end", num: true, cell: (one) => bytes(one.headend_bytes) },
  { head: "Chunks", num: true, cell: (one) => number(one.chunks) },
  { head: "Ended", cell: (one) => one.reason || (one.closed ? "" : "not yet") },
];

export async function open({ root, query, signal }) {
  const asked = { station: query.station ?? "", protocol: query.protocol ?? "", live: query.live ?? "" };
  const list = h("div", {});
  const choices = (names, empty, key) => {
    const all = [...new Set([...names, asked[key]].filter(Boolean))];
    const select = h("select", { id: `filter-${key}`, on: { change: () => { asked[key] = select.value; void show(); } } },
      h("option", { value: "" }, empty), all.map((name) => h("option", { value: name, selected: name === asked[key] }, name)));
    return select;
  };
  const live = h("input", { type: "checkbox", id: "filter-live", checked: asked.live === "true", on: { change: () => { asked.live = live.checked ? "true" : ""; void show(); } } });
  replace(root,
    h("div", { class: "page-head" }, h("div", {}, h("h1", {}, "Traffic"), h("p", { class: "soft" }, "Every conversation with a device, byte for byte, whether it could be decoded or not."))),
    h("div", { class: "filters" },
      h("div", { class: "field" }, h("label", { for: "filter-station" }, "Station"), choices(site.stations.map((station) => station.name), "every station", "station")),
      h("div", { class: "field" }, h("label", { for: "filter-protocol" }, "Protocol"), choices(site.stations.map((station) => station.protocol), "every protocol", "protocol")),
      h("label", { class: "check" }, live, "Only open ones")),
    h("section", { class: "card", "aria-label": "Conversations" }, list));

  const show = async () => {
    keepQuery(asked);
    const page = await get("conversations", asked, signal);
    replace(list, page.items.length ? build(page, asked, signal) : nothing(asked));
  };
  let waiting = 0;
  listen(["conversations"], {
    conversation: () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => show().catch(() => null), REFRESH_AFTER);
    },
  }, signal);
  signal.addEventListener("abort", () => clearTimeout(waiting));
  await show();
}

function build(page, asked, signal) {
  const shown = table("Conversations", COLUMNS, page.items);
  const body = shown.querySelector("tbody");
  return [shown, moreButton(page.next, (cursor) => get("conversations", { ...asked, cursor }, signal), (items) => body.append(...items.map((item) => tableRow(COLUMNS, item))))];
}

function nothing(asked) {
  return Object.values(asked).some(Boolean)
    ? empty("traffic", "No conversation of that kind", "Change the filter above to see others.")
    : empty("traffic", "No device has called yet", "A conversation begins when a device connects to one of the stations.", h("a", { href: "#/health" }, "See which stations listen, and what the doctor says"));
}

export function stateOf(one) {
  return one.closed ? h("span", { class: "state" }, "Closed") : h("span", { class: "state good live" }, h("span", { class: "dot", "aria-hidden": "true" }), "Open");
}
