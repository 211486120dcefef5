// One message three ways: its bytes, its text, and what they mean; and the readings it gave.

import { h, icon, replace } from "../../core/dom.js";
import { get, part } from "../../core/api.js";
import { link } from "../../core/router.js";
import { bytes, count, measured } from "../../words/numbers.js";
import { dayClock, whenShort } from "../../words/times.js";
import { quantityName } from "../../words/quantities.js";
import { table } from "../../parts/table.js";
import { saveBlob } from "../../parts/save.js";
import { hexDump, toBytes } from "./hex.js";
import { tree } from "./tree.js";

export async function showMessage(place, conversation, sequence, beside, signal) {
  const message = await get(`messages/${part(conversation)}/${part(sequence)}`, {}, signal);
  const raw = toBytes(message.raw_hex);
  const who = message.sender === "device" ? "from the device" : message.ours ? "from us, as its head-end" : "from the head-end";
  const save = () => saveBlob(`message-${conversation}-${sequence}.bin`, new Blob([raw], { type: "application/octet-stream" }));
  replace(place, h("article", { class: "card", "aria-labelledby": "message-head" },
    h("div", { class: "card-head" }, h("h2", { id: "message-head" }, message.error ? "Undecodable bytes" : (message.type || "Unknown message")),
      h("span", { class: "soft" }, `${dayClock(message.at)}, ${who}, ${bytes(message.size ?? raw.length)}`),
      h("span", { class: "actions row" }, step(beside.before, "Message before", "left"), step(beside.after, "Message after", "right"), h("button", { class: "button small", type: "button", on: { click: save } }, "Save bytes"), h("a", { class: "button small", href: beside.close }, "Close"))),
    message.error ? h("p", { class: "notice warn" }, icon("warning"), ` ${message.error}. The bytes are kept as they came; a later version that understands them will find the readings in them.`) : null,
    message.summary && !message.error ? h("p", {}, message.summary) : null,
    h("div", { class: "views" }, panel("hex", "Raw bytes", hexDump(raw)), panel("text", "Text", text(message.text)),
      panel("tree", "Decoded", message.decoded === null || message.decoded === undefined ? h("p", { class: "soft" }, "Nothing here is understood.") : tree(message.decoded))),
    readings(message), companions(message, beside)));
}

function step(address, label, picture) {
  return address ? h("a", { class: "button small square", href: address, "aria-label": label, title: label }, icon(picture)) : null;
}

/** What else ended in the same chunk of bytes. */
function companions(message, beside) {
  if (!message.others?.length) return null;
  const sequence = (id) => id.slice(id.lastIndexOf("/") + 1);
  return h("p", { class: "small" }, "Came in the same bytes: ", message.others.map((id, index) => [index ? ", " : "", h("a", { href: beside.choose(sequence(id)) }, `message ${sequence(id)}`)]));
}

function panel(name, head, content) {
  return h("section", { class: `view view-${name}`, "aria-labelledby": `view-${name}` }, h("h3", { id: `view-${name}` }, head), h("div", { class: "view-body", tabindex: "0", role: "group", "aria-label": head }, content));
}

function text(said) {
  return said ? h("pre", { class: "mono" }, said) : h("p", { class: "soft" }, "No text in it.");
}

function readings(message) {
  if (!message.readings?.length) return h("p", { class: "soft small" }, "No readings were taken from it.");
  const [core, vendor] = [false, true].map((of) => message.readings.filter((reading) => reading.quantity.startsWith("vendor.") === of));
  const build = (name, some) => table(name, COLUMNS, some);
  return h("section", { "aria-labelledby": "message-readings" }, h("h3", { id: "message-readings" }, "Readings taken from it"),
    core.length ? build("Readings taken from this message", core) : null,
    vendor.length ? h("details", { open: !core.length }, h("summary", {}, count(vendor.length, "field"), " of the maker's own"), build("Fields of the maker's own", vendor)) : null);
}

const COLUMNS = [
  { head: "What", cell: (reading) => h("a", { href: link("devices", [reading.device], { quantity: reading.quantity }) }, quantityName(reading.quantity)) },
  { head: "Value", num: true, cell: (reading) => h("strong", {}, measured(reading.value, reading.unit)) },
  { head: "At", cell: (reading) => whenShort(reading.at) },
  { head: "Device", cell: (reading) => h("span", { class: "mono small" }, reading.device) },
];

