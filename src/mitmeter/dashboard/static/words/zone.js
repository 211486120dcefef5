// Civil time in the site's zone: what the clock on the wall shows, and when it shows it.
// Days are 23 or 25 hours long twice a year, so nothing here adds 24 hours to get to tomorrow.

import { site } from "../core/site.js";

const writers = new Map();

/** `{ year, month, day, hour, minute, second }` on the wall at `at` (milliseconds). */
export function civil(at) {
  const parts = {};
  for (const { type, value } of writer().formatToParts(at)) {
    if (type !== "literal" && type !== "era") parts[type] = Number(value);
  }
  return parts;
}

/** The instant at which the wall shows this; months and days may overflow, as in day 32. */
export function instant(year, month = 1, day = 1, hour = 0, minute = 0) {
  const wall = Date.UTC(year, month - 1, day, hour, minute);
  const first = wall - offset(wall);
  return wall - offset(first);
}

/** Milliseconds the zone is ahead of UTC at `at`. */
export function offset(at) {
  const shown = civil(at);
  const wall = Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute, shown.second);
  return wall - Math.floor(at / 1000) * 1000;
}

export function startOf(unit, at) {
  const c = civil(at);
  if (unit === "hour") return at - (((at + offset(at)) % 3600000) + 3600000) % 3600000;
  if (unit === "day") return instant(c.year, c.month, c.day);
  if (unit === "week") return instant(c.year, c.month, c.day - weekday(c));
  if (unit === "month") return instant(c.year, c.month, 1);
  return instant(c.year, 1, 1);
}

/** `at` moved by whole days, weeks, months or years on the wall, from the start of that unit. */
export function moved(unit, at, by) {
  const c = civil(startOf(unit, at));
  if (unit === "hour") return startOf("hour", at) + by * 3600000;
  if (unit === "day") return instant(c.year, c.month, c.day + by);
  if (unit === "week") return instant(c.year, c.month, c.day + 7 * by);
  if (unit === "month") return instant(c.year, c.month + by, 1);
  return instant(c.year + by, 1, 1);
}

/** `2026-11-20` on the wall. */
export function dateText(at) {
  const c = civil(at);
  const two = (value) => String(value).padStart(2, "0");
  return `${c.year}-${two(c.month)}-${two(c.day)}`;
}

/** The first instant of such a date; NaN when it is not one. */
export function dateInstant(text) {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text ?? "");
  return found ? instant(Number(found[1]), Number(found[2]), Number(found[3])) : NaN;
}

function weekday(c) {
  return (new Date(Date.UTC(c.year, c.month - 1, c.day)).getUTCDay() + 6) % 7;
}

function writer() {
  const zone = site.timezone;
  if (!writers.has(zone)) {
    writers.set(
      zone,
      new Intl.DateTimeFormat("en-GB", {
        timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
        hour: "numeric", minute: "numeric", second: "numeric",
      }),
    );
  }
  return writers.get(zone);
}
