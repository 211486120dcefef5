// Devices: everybody who was ever heard, and how they are.

import { h, icon, replace } from "../core/dom.js";
import { get } from "../core/api.js";
import { link } from "../core/router.js";
import { ago, skew, span } from "../words/times.js";
import { count } from "../words/numbers.js";
import { deviceTitle } from "../words/quantities.js";
import { deviceState, reception, simulatedBadge } from "../parts/badges.js";
import { noDevices } from "../parts/states.js";

export const title = "Devices";

export async function open({ root, signal }) {
  const { items } = await get("devices", {}, signal);
  const silent = items.filter((device) => device.stale).length;
  const words = silent ? `${count(items.length, "device")}, ${silent} of them silent.` : `${count(items.length, "device")}, all of them heard as often as usual.`;
  replace(root, h("div", { class: "page-head" }, h("div", {}, h("h1", {}, "Devices"), items.length ? h("p", { class: "soft" }, words) : null)),
    items.length ? h("ul", { class: "device-grid" }, items.map(card)) : noDevices());
}

function card(device) {
  const facts = [
    ["Model", device.model], ["Firmware", device.firmware], ["Station", device.station],
    ["Last heard", ago(device.silent_seconds)], ["Usually heard", device.expected_seconds ? `every ${span(device.expected_seconds)}` : "not known yet"],
    ["Clock", skew(device.clock_skew_seconds)], ["Radio", reception(device.rssi_dbm)], ["Readings", count(device.readings, "reading")],
  ];
  return h("li", { class: "card" },
    h("div", { class: "card-head" }, h("h2", {}, h("a", { href: link("devices", [device.device]) }, deviceTitle(device))), h("span", { class: "actions row" }, device.simulated ? simulatedBadge() : null)),
    h("p", { class: "mono small soft" }, device.device),
    h("p", { class: "row device-state" }, deviceState(device), device.commands ? h("span", { class: "badge" }, icon("now"), device.control === false ? "Control is off" : "Can be controlled") : null),
    h("dl", { class: "facts" }, facts.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}
