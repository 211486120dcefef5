// Which series History can draw: the four powers of the house, and any other gauge as an extra.

import { get, part } from "../../core/api.js";
import { carrier, deviceTitle, quantityName } from "../../words/quantities.js";

const POWERS = ["house", "pv", "grid", "battery"];
const NAMES = { house: "House", pv: "Solar", grid: "Grid", battery: "Battery" };

/** The four powers, from the devices that speak for them now: `[{ key, label, name, … }]`. */
export async function findPowers(signal) {
  const { flow, devices } = await get("overview", {}, signal);
  const lines = POWERS.filter((name) => flow.from?.[name]).map((name) => ({
    key: `${flow.from[name]}|${name}.power`, label: NAMES[name], name, unit: "W",
  }));
  return { lines, devices };
}

/** Every gauge of every device, for who wants to see one beside the powers. */
export async function findExtras(devices, lines, signal) {
  const taken = new Set(lines.map((line) => line.key));
  const whole = await Promise.all(devices.map((device) => get(`devices/${part(device.device)}`, {}, signal)));
  return whole.flatMap((device) => device.series.filter((series) => series.kind === "gauge").map((series) => ({
    key: `${device.device}|${series.quantity}`, unit: series.unit, label: quantityName(series.quantity),
    owner: deviceTitle(device), name: carrier(series.quantity),
  }))).filter((line) => !taken.has(line.key));
}
