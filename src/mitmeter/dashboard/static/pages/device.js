// One device: who it is, how it keeps time and reports, what it measures, what it can be told.

import { h, icon, replace } from "../core/dom.js";
import { get, part } from "../core/api.js";
import { link } from "../core/router.js";
import { ago, dayClock, skew, span } from "../words/times.js";
import { count } from "../words/numbers.js";
import { deviceTitle } from "../words/quantities.js";
import { deviceState, reception, simulatedBadge } from "../parts/badges.js";
import { makeCommands } from "./device/commands.js";
import { makeSkew } from "./device/skew.js";
import { makeSeries } from "./device/series.js";

export const title = "Device";

export async function open({ root, path, query, signal }) {
  const device = await get(`devices/${part(path[0])}`, {}, signal);
  document.title = `${deviceTitle(device)} – mitmeter`;
  const clock = makeSkew(device, signal);
  const series = makeSeries(device, query.quantity, signal);
  replace(root,
    h("nav", { class: "crumbs", "aria-label": "Where this is" }, h("a", { href: "#/devices" }, "Devices"), " / ", deviceTitle(device)),
    h("div", { class: "page-head" }, h("div", {}, h("h1", {}, deviceTitle(device)), h("p", { class: "mono soft" }, device.device)),
      h("p", { class: "row actions" }, deviceState(device), device.simulated ? simulatedBadge() : null)),
    device.stale ? silence(device) : null,
    h("div", { class: "device-page" },
      h("div", { class: "stack" }, identity(device), clock.element, makeCommands(device)),
      h("div", { class: "stack" }, series.element)));
  await Promise.allSettled([clock.start(), series.start()]);
}

function silence(device) {
  const usual = device.expected_seconds ? `, though it usually speaks every ${span(device.expected_seconds)}` : "";
  return h("p", { class: "notice bad device-silence" }, icon("silent"), ` Nothing was heard for ${span(device.silent_seconds)}${usual}. Everything below is as it was then. `,
    h("a", { href: "#/health" }, "See what the doctor says"), ".");
}

function identity(device) {
  const stations = device.stations ?? (device.station ? [device.station] : []);
  const rows = [
    ["Kind", device.protocol], ["Model", device.model], ["Firmware", device.firmware],
    ["Stations", stations.length ? stations.map((name, index) => [index ? ", " : "", h("a", { href: link("traffic", [], { station: name }) }, name)]) : null],
    ["First heard", dayClock(device.first_seen)], ["Last heard", `${dayClock(device.last_seen)} (${ago(device.silent_seconds)})`],
    ["Usual interval", device.expected_seconds ? span(device.expected_seconds) : "not known yet"],
    ["Clock", skew(device.clock_skew_seconds)], ["Radio", reception(device.rssi_dbm)], ["Readings", count(device.readings, "reading")],
  ];
  const shown = ([name, value]) => [h("dt", {}, name), h("dd", {}, value)];
  const facts = Object.entries(device.facts ?? {});
  return h("section", { class: "card", "aria-labelledby": "identity-head" },
    h("div", { class: "card-head" }, h("h2", { id: "identity-head" }, "Identity")),
    h("dl", { class: "facts" }, rows.filter(([, value]) => value).map(shown)),
    facts.length ? h("details", {}, h("summary", {}, `What it has told about itself (${facts.length})`), h("dl", { class: "facts" }, facts.map(([name, value]) => shown([name, String(value)])))) : null);
}
