// A line without axes: how something went, at a glance. The words beside it carry the values.

import { s } from "../core/dom.js";
import { known } from "../words/numbers.js";

export function spark(values, label, colourName = "accent") {
  const kept = values.filter(known);
  const box = s("svg", { class: "spark", viewBox: "0 0 120 28", preserveAspectRatio: "none", role: "img", "aria-label": label });
  if (kept.length < 2) return box;
  const low = Math.min(...kept);
  const reach = Math.max(...kept) - low || 1;
  let path = "";
  let pen = "M";
  values.forEach((value, index) => {
    if (!known(value)) {
      pen = "M";
      return;
    }
    path += `${pen}${((index / (values.length - 1)) * 120).toFixed(1)} ${(25 - ((value - low) / reach) * 22).toFixed(1)}`;
    pen = "L";
  });
  box.append(s("path", { d: path, fill: "none", stroke: `var(--${colourName})`, "stroke-width": "1.5", "vector-effect": "non-scaling-stroke" }));
  return box;
}
