// Small marks that say a state by icon and word, never by colour alone.

import { h, icon } from "../core/dom.js";
import { known, number } from "../words/numbers.js";

export function simulatedBadge(text = "Simulated") {
  return h("span", { class: "badge sim", title: "Made up by the simulated house, not measured" }, text);
}

/** Reporting, late, or never heard. */
export function deviceState(device) {
  if (!device.last_seen) return h("span", { class: "state warn" }, icon("unknown"), "Never heard");
  return device.stale
    ? h("span", { class: "state bad" }, icon("silent"), "Silent")
    : h("span", { class: "state good" }, icon("ok"), "Reporting");
}

export function severity(level) {
  const tone = { warning: "warn", alarm: "bad", info: "", notice: "" }[level] ?? "";
  const picture = ["info", "notice", "warning", "alarm"].includes(level) ? level : "info";
  return h("span", { class: `state ${tone}` }, icon(picture), level);
}

export function verdict(ok, words = ["Fine", "Failed", "Not known"]) {
  if (ok === true) return h("span", { class: "state good" }, icon("ok"), words[0]);
  if (ok === false) return h("span", { class: "state bad" }, icon("fail"), words[1]);
  return h("span", { class: "state" }, icon("unknown"), words[2]);
}

/** Radio reception in words and dBm; the thresholds are the usual ones for home radio links. */
export function reception(dbm) {
  if (!known(dbm)) return null;
  const words = dbm >= -60 ? "strong" : dbm >= -75 ? "good" : dbm >= -85 ? "weak" : "very weak";
  return h("span", { class: "nowrap" }, icon("signal"), ` ${words} (${number(dbm)} dBm)`);
}
