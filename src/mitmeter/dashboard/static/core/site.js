// What is known about this house, and what time it is there: a simulated day may run faster.

import { get } from "./api.js";

export const site = {
  id: "", timezone: "UTC", version: "", currency: null, simulated: false, speed: 1, scope: "read", stations: [],
};

let anchor = { site: Date.now(), here: Date.now() };

export async function loadSite(signal) {
  const told = await get("site", {}, signal);
  Object.assign(site, told);
  site.speed = told.speed || 1;
  setClock(told.now);
  return site;
}

/** Takes the server's word for the time; `instant` is ISO 8601. */
export function setClock(instant) {
  const at = Date.parse(instant);
  if (Number.isFinite(at)) anchor = { site: at, here: Date.now() };
}

/** Milliseconds since 1970 on the house's clock. */
export function now() {
  return anchor.site + (Date.now() - anchor.here) * site.speed;
}

export function mayControl() {
  return site.scope === "control";
}
