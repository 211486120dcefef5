// Bytes as people have always looked at them: offset, hexadecimal, and the printable ones as letters.

import { h } from "../../core/dom.js";

const WIDE = 16;
const FIRST = 4096;

export function toBytes(hex) {
  const pairs = (hex ?? "").match(/[0-9a-f]{2}/gi) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

export function hexDump(raw) {
  if (!raw.length) return h("p", { class: "soft" }, "No bytes.");
  const box = h("div", {}, h("pre", { class: "hex" }, lines(raw, 0, Math.min(FIRST, raw.length))));
  if (raw.length > FIRST) {
    const more = h("button", { class: "button small", type: "button", on: { click: () => { box.firstElementChild.append("\n", lines(raw, FIRST, raw.length)); more.remove(); } } }, `Show all ${raw.length} bytes`);
    box.append(more);
  }
  return box;
}

function lines(raw, from, to) {
  const rows = [];
  for (let at = from; at < to; at += WIDE) {
    const slice = [...raw.subarray(at, Math.min(at + WIDE, to))];
    const half = (part) => part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = slice.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
    rows.push(`${at.toString(16).padStart(4, "0")}  ${half(slice.slice(0, 8)).padEnd(23)}  ${half(slice.slice(8)).padEnd(23)}  ${letters}`);
  }
  return rows.join("\n");
}
