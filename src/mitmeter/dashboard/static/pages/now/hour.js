// The last hour of power, growing as readings come in.

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { now } from "../../core/site.js";
import { isoOf } from "../../words/times.js";
import { power } from "../../words/numbers.js";
import { makeLines } from "../../parts/lines.js";

const HOUR = 3600000;
const ORDER = ["house", "pv", "grid", "battery"];
const NAMES = { house: "House", pv: "Solar", grid: "Grid (+ in, − out)", battery: "Battery (+ out, − in)" };

export function makeHour(signal) {
  const chart = makeLines({ label: "Power in the last hour", format: (watts) => power(watts).text, signal });
  const element = h("section", { class: "card now-hour", "aria-labelledby": "hour-head" },
    h("div", { class: "card-head" }, h("h2", { id: "hour-head" }, "Last hour"), h("span", { class: "soft" }, "power; below zero leaves the house or charges the battery")),
    chart.element);
  const series = new Map();

  return {
    element,
    async start(from = {}) {
      const asked = ORDER.filter((name) => from[name]).map((name) => `${from[name]}|${name}.power`);
      if (asked.length) {
        const told = await get("history", { series: asked, since: isoOf(now() - HOUR), until: isoOf(now()), points: 360 }, signal);
        for (const one of told.series) {
          const name = one.quantity.split(".")[0];
          const grown = series.get(name)?.points ?? [];
          const points = one.at.map((at, index) => ({ at: Date.parse(at), value: one.mean[index] }));
          series.set(name, { points: [...points, ...grown.filter((point) => point.at > (points.at(-1)?.at ?? 0))] });
        }
      }
      this.draw();
    },
    add(name, at, value) {
      if (!series.has(name)) series.set(name, { points: [] });
      const { points } = series.get(name);
      if (points.length && at < points.at(-1).at) return;
      points.push({ at, value });
    },
    draw() {
      const until = now();
      for (const one of series.values()) {
        const first = one.points.findIndex((point) => point.at >= until - HOUR);
        if (first > 0) one.points.splice(0, first);
      }
      chart.draw(ORDER.filter((name) => series.get(name)?.points.length).map((name) => ({ name, label: NAMES[name], points: series.get(name).points })), until - HOUR, until);
    },
  };
}
