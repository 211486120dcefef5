// Dots that run along the wires, faster with more power. They rest where motion is not wanted.

import { s } from "../../core/dom.js";
import { QUIET } from "./sentence.js";

const SPACING = 34;

export function runDots(lines, signal) {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let before = 0;
  let asked = 0;
  const phases = new Map();

  const frame = (at) => {
    const elapsed = Math.min(100, at - before) / 1000;
    before = at;
    for (const line of lines.values()) draw(line, elapsed);
    asked = requestAnimationFrame(frame);
  };
  const draw = (line, elapsed) => {
    const length = Math.hypot(line.to.x - line.from.x, line.to.y - line.from.y);
    const flows = Math.abs(line.watts ?? 0) >= QUIET && length > 10;
    const wanted = flows ? Math.max(2, Math.floor(length / SPACING)) : 0;
    while (line.dots.childElementCount > wanted) line.dots.lastElementChild.remove();
    while (line.dots.childElementCount < wanted) line.dots.append(s("circle", { r: "3.2" }));
    if (!flows) return;
    const speed = 18 + Math.min(70, Math.abs(line.watts) / 45);
    const phase = ((phases.get(line.name) ?? 0) + (speed * elapsed) / length) % 1;
    phases.set(line.name, phase);
    const forward = line.name === "gas" || line.watts > 0;
    [...line.dots.children].forEach((dot, index) => {
      const share = (phase + index / wanted) % 1;
      const along = forward ? share : 1 - share;
      // The arrow sits in the middle: a dot passes beneath it unseen.
      dot.setAttribute("opacity", Math.abs(along - 0.5) * length < 11 ? "0" : "1");
      dot.setAttribute("cx", (line.from.x + (line.to.x - line.from.x) * along).toFixed(1));
      dot.setAttribute("cy", (line.from.y + (line.to.y - line.from.y) * along).toFixed(1));
    });
  };
  const refresh = () => {
    cancelAnimationFrame(asked);
    if (still.matches) {
      for (const line of lines.values()) line.dots.replaceChildren();
    } else {
      before = performance.now();
      asked = requestAnimationFrame(frame);
    }
  };
  still.addEventListener("change", refresh, { signal });
  signal.addEventListener("abort", () => cancelAnimationFrame(asked));
  return { refresh };
}
