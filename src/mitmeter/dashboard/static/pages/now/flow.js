// The power flow: each carrier around the meter in the middle. Direction is told four times:
// by moving dots, by arrows, by a signed number and by a word.

import { h, icon, replace, s, setText } from "../../core/dom.js";
import { known, number, percent, signedPower, power } from "../../words/numbers.js";
import { whenShort } from "../../words/times.js";
import { flowSentence, QUIET } from "./sentence.js";
import { runDots } from "./dots.js";

const CARRIERS = ["pv", "grid", "house", "battery", "gas"];
const NAMES = { pv: "Solar", grid: "Grid", house: "House", battery: "Battery", gas: "Gas" };

export function makeFlow(signal) {
  const nodes = Object.fromEntries(CARRIERS.map((name) => [name, makeNode(name)]));
  const wires = s("svg", { class: "flow-wires", "aria-hidden": "true" });
  const hub = h("div", { class: "flow-hub" }, s("svg", { viewBox: "0 0 32 32", "aria-hidden": "true" }, s("use", { href: "assets/icons.svg#mark" })));
  const picture = h("div", { class: "flow" }, wires, hub, CARRIERS.map((name) => nodes[name].element));
  const age = h("span", { class: "soft" });
  const words = h("p", { class: "flow-words" });
  const element = h("section", { class: "card now-flow", "aria-labelledby": "flow-head" },
    h("div", { class: "card-head" }, h("h2", { id: "flow-head" }, "Power now"), age), picture, words);

  let shown = null;
  const lines = new Map();
  const place = () => layWires(picture, wires, hub, nodes, lines);
  const sizes = new ResizeObserver(place);
  sizes.observe(picture);
  const dots = runDots(lines, signal);
  signal.addEventListener("abort", () => sizes.disconnect());

  return {
    element,
    show(flow, stale) {
      shown = measures(flow);
      element.classList.toggle("is-stale", stale);
      for (const name of CARRIERS) nodes[name].show(shown[name], flow);
      if (lines.size === 0) place();
      for (const [name, line] of lines) line.show(stale ? null : shown[name]);
      dots.refresh();
      replace(age, stale ? h("span", { class: "state bad" }, icon("silent"), flow.at ? `Not live: last heard ${whenShort(flow.at)}` : "Not live") : `at ${whenShort(flow.at)}`);
      setText(words, flowSentence(flow, stale));
    },
  };
}

/** Watts towards the meter (from the carrier) are positive; the house only ever takes. */
function measures(flow) {
  return {
    pv: flow.pv_w, grid: flow.grid_w, battery: flow.battery_w,
    house: known(flow.house_w) ? -flow.house_w : null,
    gas: known(flow.gas_m3_per_hour) ? -flow.gas_m3_per_hour * 1000 : null,
  };
}

function makeNode(name) {
  const value = h("span", { class: "flow-value" });
  const word = h("span", { class: "flow-word" });
  const element = h("div", { class: `flow-node flow-${name}` }, h("span", { class: "flow-ring" }, icon(name)),
    h("span", { class: "flow-name" }, NAMES[name]), value, word);
  return {
    element,
    show(watts, flow) {
      element.hidden = watts === null || watts === undefined;
      if (element.hidden) return;
      const [shown, said] = wordsFor(name, watts, flow);
      setText(value, shown);
      setText(word, said);
      if (name === "battery") element.style.setProperty("--full", `${flow.soc_percent ?? 0}%`);
    },
  };
}

function wordsFor(name, watts, flow) {
  const quiet = Math.abs(watts) < QUIET;
  if (name === "house") return [power(-watts).text, "using"];
  if (name === "pv") return [power(watts).text, quiet ? "resting" : "making"];
  if (name === "gas") return [`${number(flow.gas_m3_per_hour, 2)} m³/h`, flow.gas_m3_per_hour > 0.005 ? "burning" : "off"];
  if (name === "grid") return [signedPower(watts).text, quiet ? "balanced" : watts > 0 ? "importing" : "exporting"];
  const full = known(flow.soc_percent) ? `, ${percent(flow.soc_percent)} full` : "";
  return [signedPower(watts).text, (quiet ? "resting" : watts > 0 ? "discharging" : "charging") + full];
}

function layWires(picture, wires, hub, nodes, lines) {
  const frame = picture.getBoundingClientRect();
  if (!frame.width) return;
  wires.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
  const centre = middle(hub, frame);
  for (const name of CARRIERS) {
    const node = nodes[name].element;
    if (node.hidden) {
      lines.get(name)?.remove();
      lines.delete(name);
      continue;
    }
    const ring = node.querySelector(".flow-ring");
    const line = lines.get(name) ?? makeLine(name, wires, lines);
    // Gas does not pass the electricity meter: its line goes to the house.
    const to = name === "gas" ? nodes.house.element.querySelector(".flow-ring") : hub;
    line.lay(middle(ring, frame), ring.offsetWidth / 2 + 3, to === hub ? centre : middle(to, frame), to.offsetWidth / 2 + 3);
  }
}

function middle(element, frame) {
  const box = element.getBoundingClientRect();
  return { x: box.left - frame.left + box.width / 2, y: box.top - frame.top + box.height / 2 };
}

function makeLine(name, wires, lines) {
  const track = s("line", { class: "flow-track" });
  const arrow = s("path", { class: "flow-arrow", d: "M-7 -6L7 0L-7 6Z" });
  const dots = s("g", { class: "flow-dots" });
  const group = s("g", { vars: { color: `var(--${name})` } }, track, dots, arrow);
  wires.append(group);
  const line = {
    name, dots, from: { x: 0, y: 0 }, to: { x: 0, y: 0 }, watts: null,
    lay(a, nearA, b, nearB) {
      const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
      const step = { x: (b.x - a.x) / length, y: (b.y - a.y) / length };
      this.from = { x: a.x + step.x * nearA, y: a.y + step.y * nearA };
      this.to = { x: b.x - step.x * nearB, y: b.y - step.y * nearB };
      for (const [key, value] of Object.entries({ x1: this.from.x, y1: this.from.y, x2: this.to.x, y2: this.to.y })) track.setAttribute(key, value.toFixed(1));
      this.show(this.watts);
    },
    show(watts) {
      this.watts = watts;
      const size = Math.abs(watts ?? 0);
      const flows = known(watts) && size >= QUIET;
      group.classList.toggle("is-quiet", !flows);
      track.style.strokeWidth = String(flows ? Math.min(8, 2.5 + size / 900) : 2);
      arrow.style.display = flows ? "" : "none";
      const forward = name === "gas" || watts > 0;
      const angle = Math.atan2(this.to.y - this.from.y, this.to.x - this.from.x) * (180 / Math.PI) + (forward ? 0 : 180);
      arrow.setAttribute("transform", `translate(${((this.from.x + this.to.x) / 2).toFixed(1)} ${((this.from.y + this.to.y) / 2).toFixed(1)}) rotate(${angle.toFixed(1)})`);
    },
    remove: () => group.remove(),
  };
  lines.set(name, line);
  return line;
}
