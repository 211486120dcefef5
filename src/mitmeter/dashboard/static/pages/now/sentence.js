// The power flow as one sentence: what a person would say who looks at it.

import { known, percent, power } from "../../words/numbers.js";

/** Watts below which nothing is said to flow: meters tremble around zero. */
export const QUIET = 15;

export function flowSentence(flow, stale) {
  if (stale) return "These are the last known values, not what flows now. See the devices for who has gone silent.";
  const parts = [];
  const sources = [];
  if (flow.pv_w >= QUIET) sources.push(`${power(flow.pv_w).text} from the sun`);
  if (flow.battery_w >= QUIET) sources.push(`${power(flow.battery_w).text} from the battery`);
  if (flow.grid_w >= QUIET) sources.push(`${power(flow.grid_w).text} from the grid`);
  if (known(flow.house_w)) parts.push(`The house uses ${power(flow.house_w).text}.`);
  if (sources.length) parts.push(`Coming in: ${listed(sources)}.`);
  const sinks = [];
  if (flow.battery_w <= -QUIET) sinks.push(`${power(-flow.battery_w).text} into the battery${known(flow.soc_percent) ? ` (${percent(flow.soc_percent)} full)` : ""}`);
  if (flow.grid_w <= -QUIET) sinks.push(`${power(-flow.grid_w).text} out to the grid`);
  if (sinks.length) parts.push(`Going on: ${listed(sinks)}.`);
  return parts.join(" ") || "No power is reported yet.";
}

function listed(items) {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
