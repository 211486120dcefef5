// Now: what flows this moment, what today has cost, the last hour, and how the devices are.

import { h, replace } from "../core/dom.js";
import { get } from "../core/api.js";
import { now, setClock, site } from "../core/site.js";
import { listen, watchState } from "../core/live.js";
import { noDevices } from "../parts/states.js";
import { makeFlow } from "./now/flow.js";
import { makeToday } from "./now/today.js";
import { makeHour } from "./now/hour.js";
import { makeRoster } from "./now/roster.js";

export const title = "Now";
const OVERVIEW_EVERY = 15000;
const TICK = 1000;
const REDRAW = 250;
const OLD = 300000;
// Where simulated time runs fast, a moment on the way here is long on that clock.
const OLD_HERE = 20000;
const FLOWS = {
  "grid.power": "grid_w", "pv.power": "pv_w", "battery.power": "battery_w", "house.power": "house_w",
  "battery.soc": "soc_percent",
};

export async function open({ root, signal }) {
  let overview = await get("overview", {}, signal);
  setClock(overview.now);
  if (!overview.devices.length) {
    replace(root, h("div", { class: "page-head" }, h("h1", {}, "Now")), noDevices());
    listen(["readings"], { reading: () => location.reload() }, signal);
    return;
  }
  const flow = makeFlow(signal);
  const today = makeToday();
  const hour = makeHour(signal);
  const roster = makeRoster();
  replace(root, h("h1", { class: "seen-not" }, "Now"),
    h("div", { class: "now" }, h("div", { class: "now-left" }, flow.element, hour.element),
      h("div", { class: "now-right" }, today.element, roster.element)));

  const show = () => {
    const stale = overview.flow.stale || isOld(overview.flow.at);
    flow.show(overview.flow, stale);
    today.show(overview.today);
    roster.show(overview.devices);
  };
  show();
  void hour.start(overview.flow.from).catch(() => null);

  const refresh = async () => {
    try {
      const next = await get("overview", {}, signal);
      setClock(next.now);
      overview = next;
      show();
    } catch {
      // The strip says that the connection is gone; what is shown here ages in plain sight.
    }
  };
  const every = setInterval(refresh, OVERVIEW_EVERY);
  const tick = setInterval(() => {
    roster.age();
    hour.draw();
    if (!overview.flow.stale && isOld(overview.flow.at)) flow.show(overview.flow, true);
  }, TICK);
  signal.addEventListener("abort", () => [every, tick].forEach(clearInterval));

  let waiting = 0;
  const soon = () => {
    // A simulated day may bring a hundred readings a second: nobody can look so fast.
    waiting ||= setTimeout(() => {
      waiting = 0;
      flow.show(overview.flow, isOld(overview.flow.at));
    }, REDRAW);
  };
  signal.addEventListener("abort", () => clearTimeout(waiting));
  listen(["readings"], {
    reading: (reading) => {
      roster.heard(reading);
      const key = FLOWS[reading.quantity];
      const from = overview.flow.from ?? {};
      const name = reading.quantity.split(".")[0];
      if (!key || (from[name] && from[name] !== reading.device)) return;
      overview.flow[key] = reading.value;
      if (!overview.flow.at || Date.parse(reading.at) > Date.parse(overview.flow.at)) overview.flow.at = reading.at;
      overview.flow.stale = false;
      soon();
      if (key.endsWith("_w")) hour.add(name, Date.parse(reading.at), reading.value);
    },
  }, signal);
  let first = true;
  watchState((state) => {
    if (state === "live" && !first) void refresh();
    first = false;
  }, signal);
}

/** Five minutes without a word: no longer what flows now. */
function isOld(at) {
  return !at || now() - Date.parse(at) > Math.max(OLD, OLD_HERE * site.speed);
}
