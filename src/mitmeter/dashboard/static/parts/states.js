// What is shown when there is nothing to show, not yet, or no longer – and what to do about it.

import { h, icon, replace } from "../core/dom.js";

export function empty(picture, title, ...lines) {
  return h("div", { class: "empty" }, icon(picture), h("h2", {}, title), lines.map((line) => h("p", {}, line)));
}

export function loading(what = "Loading") {
  return h("p", { class: "loading", role: "status" }, `${what} …`);
}

/** Replaces a place's content by what went wrong and a way to try again. */
export function explain(place, error) {
  const again = h("button", { class: "button", type: "button", on: { click: () => dispatchEvent(new HashChangeEvent("hashchange")) } }, "Try again");
  const sentence = error?.status !== undefined ? error.message : `Something in this page went wrong: ${error?.message ?? error}`;
  replace(place, h("div", { class: "empty", role: "alert" }, icon("warning"), h("h1", {}, "This could not be shown"), h("p", {}, sentence),
    error?.detail ? h("p", { class: "soft" }, typeof error.detail === "string" ? error.detail : JSON.stringify(error.detail)) : null, again));
}

export function noDevices() {
  return empty("devices", "No device has reported yet",
    "Point a device at this computer: give it this machine as its server, or its DNS. The guides say how for each kind.",
    h("span", {}, "Then look at ", h("a", { href: "#/health" }, "Health"), ": the doctor there walks the whole chain, from the first DNS question to the last reading. ",
      "To see what it will look like, try ", h("code", {}, "mitmeter demo"), "."));
}
