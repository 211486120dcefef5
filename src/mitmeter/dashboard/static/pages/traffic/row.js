// One message in the list: who said it, what it is, and whether it could be read.

import { h, icon } from "../../core/dom.js";
import { bytes, count } from "../../words/numbers.js";
import { clockSeconds } from "../../words/times.js";

export function messageRow(message, address, current, fresh = false) {
  const device = message.sender === "device";
  const said = device ? "Device" : message.ours ? "Head-end, that is us" : "Head-end";
  return h("li", { class: fresh ? "fresh" : "", "data-message": String(message.id) },
    h("a", { class: `message ${device ? "from-device" : "from-headend"} ${message.error ? "is-bad" : ""}`, href: address, "aria-current": current ? "true" : null },
      h("span", { class: "message-top" }, h("span", { class: "message-who" }, device ? "▸ " : "◂ ", said), h("time", {}, clockSeconds(message.at))),
      h("span", { class: "message-what" }, message.error ? [icon("warning"), " Undecodable: ", message.error] : [h("strong", {}, message.type || "Unknown"), message.summary ? ` ${message.summary}` : ""]),
      h("span", { class: "soft small" }, bytes(message.size), message.readings ? ` · ${count(message.readings, "reading")}` : "", device && message.ours ? " · ours" : "")));
}
