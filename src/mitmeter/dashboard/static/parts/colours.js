// The palette as numbers, for what cannot read style sheets, and the dash of each carrier's line.

const probe = document.createElement("span");
probe.hidden = true;

/** The colour a custom property has now, in the theme that is on: `rgb(…)`. */
export function colour(name) {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

/** The same with an opacity. */
export function faded(name, opacity) {
  const channels = colour(name).match(/[\d.]+/g).slice(0, 3).join(" ");
  return `rgba(${channels.replaceAll(" ", ",")},${opacity})`;
}

/** Lines are told apart by their dashes as well. */
export const DASHES = { house: "", grid: "7 3", pv: "2 3", battery: "9 3 2 3", gas: "1 4", other: "4 4" };

/** Calls back when the theme changes, by the system or by the button. */
export function onTheme(callback, signal) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback, { signal });
  document.addEventListener("mitmeter:theme", callback, { signal });
}
