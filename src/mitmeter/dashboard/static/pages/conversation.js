// One conversation: its messages in order, and beside them the one that is looked at.

import { h, replace } from "../core/dom.js";
import { address, get, part } from "../core/api.js";
import { link } from "../core/router.js";
import { listen } from "../core/live.js";
import { bytes } from "../words/numbers.js";
import { dayClock, span } from "../words/times.js";
import { simulatedBadge } from "../parts/badges.js";
import { moreButton } from "../parts/paging.js";
import { empty, explain } from "../parts/states.js";
import { stateOf } from "./traffic.js";
import { messageRow } from "./traffic/row.js";
import { showMessage } from "./traffic/message.js";

export const title = "Conversation";
const TYPING = 250;
const MOST_LIVE = 500;
const MOST_LOOKS = 20;

export async function open({ root, path, query, signal }) {
  const [id, sequence] = path;
  const conversation = await get(`conversations/${part(id)}`, {}, signal);
  const list = h("ol", { class: "messages" });
  const below = h("div", {});
  const reading = h("div", { class: "message-place" });
  const asked = { q: query.q ?? "", sender: query.sender ?? "", verdict: query.verdict ?? "all" };
  const choose = (seq) => link("traffic", [id, seq], filtersOf(asked));
  replace(root, head(conversation, id), h("div", { class: `conversation ${sequence === undefined ? "" : "has-message"}` },
    h("section", { class: "card message-list", "aria-label": "Messages" }, filters(asked, () => show()), list, below), reading));

  const show = async () => {
    const load = (cursor) => searched(`conversations/${part(id)}/messages`, asked, cursor, signal);
    const page = await load();
    const rows = (items) => items.map((message) => messageRow(message, choose(seqOf(message)), seqOf(message) === sequence));
    replace(list, rows(page.items));
    replace(below, page.items.length ? moreButton(page.next, load, (items) => list.append(...rows(items))) : nothing(asked));
  };
  await show();
  if (sequence === undefined) replace(reading, empty("traffic", "Choose a message", "Its bytes, its text and what they mean appear here side by side."));
  else {
    const marked = list.querySelector("[aria-current]");
    // The newest is on top: what was said before stands below.
    const beside = {
      close: link("traffic", [id], filtersOf(asked)), choose,
      before: marked?.parentElement.nextElementSibling?.firstElementChild.getAttribute("href"),
      after: marked?.parentElement.previousElementSibling?.firstElementChild.getAttribute("href"),
    };
    await showMessage(reading, id, sequence, beside, signal).catch((error) => signal.aborted || explain(reading, error));
    marked?.scrollIntoView({ block: "nearest" });
    if (matchMedia("(max-width: 1199px)").matches) reading.scrollIntoView();
  }
  if (!conversation.live && conversation.closed) return;
  listen([`messages:${id}`], {
    message: (message) => {
      if ((message.conversation ?? id) !== id && !String(message.id).startsWith(`${id}/`)) return;
      if (!matches(message, asked)) return;
      if (list.querySelector(`[data-message="${CSS.escape(String(message.id))}"]`)) return;
      list.prepend(messageRow(message, choose(seqOf(message)), false, true));
      while (list.childElementCount > MOST_LIVE) list.lastElementChild.remove();
      below.querySelector(".empty")?.remove();
    },
  }, signal);
}

const seqOf = (message) => String(message.id).slice(String(message.id).lastIndexOf("/") + 1);
const filtersOf = (asked) => ({ ...asked, verdict: asked.verdict === "all" ? "" : asked.verdict });

/** A page with something on it: the server looks only so far at a time, and then says where to go on. */
async function searched(path, asked, cursor, signal) {
  let page = await get(path, { ...asked, cursor }, signal);
  for (let looked = 1; !page.items.length && page.next && looked < MOST_LOOKS; looked += 1) {
    page = await get(path, { ...asked, cursor: page.next }, signal);
  }
  return page;
}

function matches(message, asked) {
  if (asked.sender && message.sender !== asked.sender) return false;
  if (asked.verdict !== "all" && (asked.verdict === "undecodable") !== Boolean(message.error)) return false;
  return !asked.q || `${message.type} ${message.summary} ${message.error}`.toLowerCase().includes(asked.q.toLowerCase());
}

function head(conversation, id) {
  const saved = (format, text) => h("a", { class: "button", href: address(`conversations/${part(id)}/export`, { format }), download: "" }, text);
  const lasted = conversation.closed ? `, lasted ${span((Date.parse(conversation.closed) - Date.parse(conversation.opened)) / 1000)}${conversation.reason ? `, ended: ${conversation.reason}` : ""}` : "";
  return [
    h("nav", { class: "crumbs", "aria-label": "Where this is" }, h("a", { href: "#/traffic" }, "Traffic"), " / ", conversation.station),
    h("div", { class: "page-head" }, h("div", {}, h("h1", {}, `${conversation.station} · ${conversation.protocol}`),
      h("p", { class: "row" }, stateOf(conversation), conversation.simulated ? simulatedBadge() : null, h("a", { class: "small", href: link("traffic", [id], { verdict: "undecodable" }) }, "only what could not be decoded")),
      h("p", { class: "soft" }, `${conversation.role} with ${conversation.peer}${conversation.upstream ? `, passed on to ${conversation.upstream}` : ""}, opened ${dayClock(conversation.opened)}${lasted}; ${bytes(conversation.device_bytes)} from the device, ${bytes(conversation.headend_bytes)} from the head-end.`)),
      h("div", { class: "actions row", role: "group", "aria-label": "Download" }, saved("pcapng", "For Wireshark (pcapng)"), saved("redacted", "To share (redacted)"))),
  ];
}

function filters(asked, show) {
  let waiting = 0;
  const text = h("input", { id: "message-q", type: "search", value: asked.q, placeholder: "type or text", on: { input: () => {
    asked.q = text.value.trim();
    clearTimeout(waiting);
    waiting = setTimeout(() => show().catch(() => null), TYPING);
  } } });
  const select = (id, key, options) => {
    const box = h("select", { id, on: { change: () => { asked[key] = box.value; show().catch(() => null); } } }, options.map(([value, words]) => h("option", { value, selected: asked[key] === value }, words)));
    return box;
  };
  return h("div", { class: "filters" },
    h("div", { class: "field" }, h("label", { for: "message-q" }, "Find"), text),
    h("div", { class: "field" }, h("label", { for: "message-sender" }, "From"), select("message-sender", "sender", [["", "both sides"], ["device", "the device"], ["headend", "the head-end"]])),
    h("div", { class: "field" }, h("label", { for: "message-verdict" }, "Kind"), select("message-verdict", "verdict", [["all", "all"], ["decoded", "decoded"], ["undecodable", "undecodable"]])));
}

function nothing(asked) {
  return asked.q || asked.sender || asked.verdict !== "all"
    ? empty("traffic", "No such message", "Change the filter above to see others.")
    : empty("traffic", "No message yet", "Somebody has connected, but nothing was said so far.");
}
