// A message that comes up in a corner, stays a while, and can be dismissed.

import { h } from "../core/dom.js";
import { severity } from "./badges.js";

const LASTS = 9000;
const MOST = 3;
let box = null;

export function toast(level, text) {
  if (!box) {
    box = h("div", { class: "toasts", role: "status" });
    document.body.append(box);
  }
  const dismiss = () => shown.remove();
  const shown = h("div", { class: "toast row" }, severity(level), h("span", {}, text),
    h("button", { class: "button", type: "button", on: { click: dismiss } }, "Dismiss"));
  box.append(shown);
  while (box.childElementCount > MOST) box.firstElementChild.remove();
  setTimeout(dismiss, LASTS);
}
