// The devices at a glance: who is heard, who has gone silent, whose clock is off.

import { h, icon, replace, setText } from "../../core/dom.js";
import { now } from "../../core/site.js";
import { link } from "../../core/router.js";
import { ago, skew, span } from "../../words/times.js";
import { deviceTitle } from "../../words/quantities.js";
import { deviceState, reception, simulatedBadge } from "../../parts/badges.js";

export function makeRoster() {
  const list = h("ul", { class: "roster" });
  const element = h("section", { class: "card now-roster", "aria-labelledby": "roster-head" },
    h("div", { class: "card-head" }, h("h2", { id: "roster-head" }, "Devices"), h("a", { class: "actions small", href: "#/devices" }, "All about them")), list);
  let rows = new Map();

  return {
    element,
    show(devices) {
      rows = new Map(devices.map((device) => [device.device, makeRow(device)]));
      replace(list, [...rows.values()].map((row) => row.element));
    },
    heard(reading) {
      rows.get(reading.device)?.heard(Date.parse(reading.received ?? reading.at));
    },
    age() {
      for (const row of rows.values()) row.age();
    },
  };
}

function makeRow(device) {
  let last = Date.parse(device.last_seen);
  let stale = device.stale;
  const seen = h("span", {});
  const state = h("span", {}, deviceState(device));
  const silentWords = device.expected_seconds ? `, usually heard every ${span(device.expected_seconds)}` : "";
  const row = {
    element: h("li", {},
      h("div", { class: "roster-name" }, h("a", { href: link("devices", [device.device]) }, deviceTitle(device)),
        device.simulated ? simulatedBadge() : null),
      h("div", { class: "roster-state" }, state, seen),
      h("div", { class: "roster-more soft small" },
        h("span", {}, icon("clock"), ` Clock ${skew(device.clock_skew_seconds)}`), reception(device.rssi_dbm))),
    heard(at) {
      if (at > last || !last) last = at;
      if (stale) {
        stale = false;
        replace(state, deviceState({ ...device, stale: false }));
      }
      row.age();
    },
    age() {
      const seconds = (now() - last) / 1000;
      setText(seen, stale ? `last heard ${ago(seconds)}${silentWords}` : `heard ${ago(seconds)}`);
    },
  };
  row.age();
  return row;
}
