// Buttons that save exactly what a chart shows: its numbers, or its picture.

import { h, icon } from "../../core/dom.js";
import { saveBlob } from "../../parts/save.js";

const PICTURE = { format: "png", width: 1280, height: 480, scale: 2 };

export function downloads(what, asCsv, asPng) {
  const button = (text, act) => h("button", { class: "button small", type: "button", "aria-label": `Download ${what} as ${text}`, on: { click: act } }, icon("down"), text);
  return h("div", { class: "actions row" }, button("CSV", asCsv), button("PNG", asPng));
}

export async function savePicture(plotly, plot, name) {
  const url = await plotly.toImage(plot, PICTURE);
  saveBlob(name, decode(url));
}

/** The bytes of a base64 data URL; fetching one would need a wider content policy. */
function decode(url) {
  const text = atob(url.slice(url.indexOf(",") + 1));
  return new Blob([Uint8Array.from(text, (letter) => letter.charCodeAt(0))], { type: "image/png" });
}
