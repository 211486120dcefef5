// Instants and spans as sentences, in the site's time zone.

import { now, site } from "../core/site.js";
import { number } from "./numbers.js";
import { dateText } from "./zone.js";

const formats = new Map();

export function say(at, options) {
  const when = typeof at === "number" ? at : Date.parse(at);
  if (!Number.isFinite(when)) return "–";
  const key = site.timezone + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(undefined, { timeZone: site.timezone, ...options }));
  return formats.get(key).format(when);
}

export const clock = (at) => say(at, { hour: "2-digit", minute: "2-digit" });
export const clockSeconds = (at) => say(at, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
export const day = (at) => say(at, { weekday: "short", day: "numeric", month: "short" });
export const longDay = (at) => say(at, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
export const date = (at) => say(at, { day: "numeric", month: "short", year: "numeric" });
export const dayClock = (at) =>
  say(at, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Today's instants by the clock, older ones with their day. */
export function whenShort(at) {
  const when = typeof at === "number" ? at : Date.parse(at);
  if (!Number.isFinite(when)) return "–";
  return dateText(when) === dateText(now()) ? clockSeconds(when) : say(when, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

/** 12 s, 3 min, 2 h 5 min, 4 days. */
export function span(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const size = Math.abs(seconds);
  if (size < 1) return `${number(size, 1)}\u00a0s`;
  if (size < 90) return `${number(Math.round(size))}\u00a0s`;
  if (size < 5400) return `${number(Math.round(size / 60))}\u00a0min`;
  if (size < 36 * 3600) {
    const hours = Math.floor(size / 3600);
    const minutes = Math.round((size % 3600) / 60);
    return minutes && minutes < 60 ? `${hours}\u00a0h ${minutes}\u00a0min` : `${hours + (minutes === 60 ? 1 : 0)}\u00a0h`;
  }
  const days = Math.round(size / 86400);
  return days < 800 ? `${number(days)}\u00a0days` : `${number(size / 86400 / 365.25, 1)}\u00a0years`;
}

export function ago(seconds) {
  if (!Number.isFinite(seconds)) return "never";
  return seconds < 1.5 ? "just now" : `${span(seconds)} ago`;
}

/** How far a device's clock is off, in words. */
export function skew(seconds) {
  if (seconds === null || seconds === undefined) return "not measured";
  if (Math.abs(seconds) < 1) return "right to the second";
  return `${span(seconds)} ${seconds > 0 ? "fast" : "slow"}`;
}

export function isoOf(milliseconds) {
  return new Date(milliseconds).toISOString();
}
