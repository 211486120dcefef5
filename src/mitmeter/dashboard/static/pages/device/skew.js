// The device's clock against ours over a month: a drifting line, or a step where it was set.

import { h, replace } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { now } from "../../core/site.js";
import { known, number } from "../../words/numbers.js";
import { isoOf, skew, span } from "../../words/times.js";
import { makeLines } from "../../parts/lines.js";

const MONTH = 30 * 86400000;
const POINTS = 300;
const LEAST = 2;

export function makeSkew(device, signal) {
  const has = device.series.find((series) => series.quantity === "clock.skew");
  const body = h("div", {});
  const element = h("section", { class: "card", "aria-labelledby": "skew-head" },
    h("div", { class: "card-head" }, h("h2", { id: "skew-head" }, "Its clock"), h("span", { class: "soft" }, `now ${skew(device.clock_skew_seconds)}`)),
    h("p", { class: "soft small" }, "Readings are kept with their device's time and ours; the difference is taken out before they are shown."), body);
  return {
    element,
    async start() {
      if (!has) {
        replace(body, h("p", { class: "soft" }, known(device.clock_skew_seconds) ? "Its course over time is not recorded." : "Its messages carry no time that could be compared with ours."));
        return;
      }
      const span30 = { since: now() - MONTH, until: now() };
      const told = await get("history", { series: `${device.device}|clock.skew`, since: isoOf(span30.since), until: isoOf(span30.until), points: POINTS }, signal);
      const points = (told.series[0]?.at ?? []).map((at, index) => ({ at: Date.parse(at), value: told.series[0].mean[index] }));
      const chart = makeLines({ label: "Clock error in the last 30 days", format: seconds, signal, height: 170, long: true, fit: atLeast });
      replace(body, chart.element);
      chart.draw([{ name: "other", label: "Device minus true time (+ is fast)", points }], span30.since, span30.until);
    },
  };
}

/** Tenths of a second are no drift: the axis never zooms in further than this. */
function atLeast(series) {
  const values = series.flatMap((one) => one.points.map((point) => point.value)).filter(known);
  const [low, high] = [Math.min(...values, -LEAST), Math.max(...values, LEAST)];
  return [low * 1.1, high * 1.1];
}

function seconds(value) {
  if (Math.abs(value) >= 90) return (value < 0 ? "−" : "") + span(value);
  return `${number(value, Math.abs(value) < 10 ? 1 : 0)}\u00a0s`;
}
