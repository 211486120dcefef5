// Events: what happened rather than what was measured, newest first, and the honeypot's visitors.

import { h, replace, setText } from "../core/dom.js";
import { get } from "../core/api.js";
import { keepQuery, link } from "../core/router.js";
import { listen } from "../core/live.js";
import { clockSeconds, longDay, span, whenShort } from "../words/times.js";
import { bytes, count, number } from "../words/numbers.js";
import { dateText } from "../words/zone.js";
import { severity } from "../parts/badges.js";
import { moreButton } from "../parts/paging.js";
import { empty } from "../parts/states.js";
import { table } from "../parts/table.js";

export const title = "Events";
const TYPING = 250;
const FEW = 5;
const LEVELS = [["", "everything"], ["notice", "notice and above"], ["warning", "warning and above"], ["alarm", "alarms only"]];
const RANK = ["info", "notice", "warning", "alarm"];

export async function open({ root, query, signal }) {
  const asked = { severity: query.severity ?? "", device: query.device ?? "", eventid: query.eventid ?? "" };
  const list = h("div", { class: "timeline" });
  const below = h("div", {});
  const visitors = h("div", {});
  let waiting = 0;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => show().catch(() => null), TYPING);
  };
  const level = h("select", { id: "event-severity", on: { change: () => { asked.severity = level.value; soon(); } } }, LEVELS.map(([value, words]) => h("option", { value, selected: value === asked.severity }, words)));
  const { items: devices } = await get("devices", {}, signal);
  const device = h("select", { id: "event-device", on: { change: () => { asked.device = device.value; soon(); } } }, h("option", { value: "" }, "every device"), devices.map((one) => h("option", { value: one.device, selected: one.device === asked.device }, one.device)));
  const id = h("input", { id: "event-id", type: "search", value: asked.eventid, placeholder: "mitmeter.…", on: { input: () => { asked.eventid = id.value.trim(); soon(); } } });

  replace(root, h("div", { class: "page-head" }, h("div", {}, h("h1", {}, "Events"), h("p", { class: "soft" }, "Clocks that jump, devices that fall silent, logins, refused commands, changed certificates."))),
    h("div", { class: "filters" },
      h("div", { class: "field" }, h("label", { for: "event-severity" }, "Show"), level),
      h("div", { class: "field" }, h("label", { for: "event-device" }, "Device"), device),
      h("div", { class: "field" }, h("label", { for: "event-id" }, "Kind of event"), id)),
    h("div", { class: "stack" }, h("section", { class: "card", "aria-label": "Time line" }, list, below), visitors));

  const show = async () => {
    keepQuery(asked);
    const load = (cursor) => get("events", { ...asked, cursor }, signal);
    const page = await load();
    replace(list);
    append(list, page.items);
    replace(below, page.items.length ? moreButton(page.next, load, (items) => append(list, items)) : nothing(asked));
  };
  listen(["events"], {
    event: (event) => {
      if (fits(event, asked)) {
        prepend(list, event);
        if (list.childElementCount) replace(below, ...[...below.childNodes].filter((node) => !node.classList?.contains("empty")));
      }
    },
  }, signal);
  signal.addEventListener("abort", () => clearTimeout(waiting));
  await show();
  await showSessions(visitors, signal);
}

function fits(event, asked) {
  return RANK.indexOf(event.severity) >= RANK.indexOf(asked.severity || "info") && (!asked.device || event.device === asked.device) && (!asked.eventid || event.eventid.includes(asked.eventid));
}

function append(list, events) {
  for (const event of events) {
    const day = dayOf(list, event, false);
    if (isTalk(event)) runAt(day, day.lastElementChild, (made) => day.append(made)).append(event, "append");
    else day.append(row(event));
  }
}

function prepend(list, event) {
  const day = dayOf(list, event, true);
  if (isTalk(event)) runAt(day, day.firstElementChild, (made) => day.prepend(made)).append(event, "prepend");
  else day.prepend(row(event));
}

const isTalk = (event) => event.eventid.startsWith("mitmeter.conversation.") && event.severity === "info";
const runs = new WeakMap();

/** Connections that come and go, folded into one line until something else happens. */
function runAt(day, neighbour, place) {
  if (runs.has(neighbour)) return runs.get(neighbour);
  const words = h("span", {});
  const events = h("ol", {});
  const element = h("li", { class: "event-run" }, h("details", {}, h("summary", { class: "soft" }, words), events));
  const run = {
    append(event, where) {
      events[where](row(event));
      const times = [events.lastElementChild, events.firstElementChild].map((one) => one.querySelector("time").textContent);
      setText(words, `${count(events.childElementCount, "connection")} began or ended, ${times[0]} – ${times[1]}`);
    },
  };
  runs.set(element, run);
  place(element);
  return run;
}

/** The list of the event's day, made where the time line has none yet. */
function dayOf(list, event, first) {
  const key = dateText(Date.parse(event.at));
  const found = list.querySelector(`[data-day="${CSS.escape(key)}"] ol`);
  if (found) return found;
  const events = h("ol", { class: "events" });
  const block = h("section", { "data-day": key }, h("h2", {}, longDay(event.at)), events);
  if (first) list.prepend(block);
  else list.append(block);
  return events;
}

function row(event) {
  const facts = Object.entries(event.fields ?? {});
  return h("li", { class: `event is-${event.severity}` },
    h("time", { class: "soft" }, clockSeconds(event.at)), severity(event.severity),
    h("div", {}, h("p", { class: "event-words" }, event.message),
      h("p", { class: "soft small" }, h("span", { class: "mono" }, event.eventid), event.device ? [" · ", h("a", { href: link("devices", [event.device]) }, event.device)] : null,
        event.conversation ? [" · ", h("a", { href: messageAddress(event) }, "what was said")] : null),
      particulars(facts)));
}

/** The message an event came from, or at least its conversation. */
function messageAddress({ conversation, source }) {
  return source?.startsWith(`${conversation}/`) ? link("traffic", [conversation, source.slice(conversation.length + 1)]) : link("traffic", [conversation]);
}

/** A few facts in a line, many behind a fold. */
function particulars(facts) {
  if (!facts.length) return null;
  const shown = facts.map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : String(value)]);
  if (facts.length <= FEW) return h("p", { class: "soft small event-facts" }, shown.map(([name, value]) => h("span", {}, `${name} `, h("span", { class: "mono" }, value))));
  return h("details", {}, h("summary", { class: "small" }, `${facts.length} particulars`), h("dl", { class: "facts small" }, shown.map(([name, value]) => [h("dt", {}, name), h("dd", { class: "mono" }, value)])));
}

function nothing(asked) {
  return Object.values(asked).some(Boolean)
    ? empty("events", "No such event", "Change the filter above to see others.")
    : empty("events", "Nothing has happened yet", "Events are written here as soon as a device calls, a clock is off or a command is refused.");
}

/** What a visitor tried, each thing once with how often. */
function tried(events) {
  const counts = new Map();
  for (const { message } of events) counts.set(message, (counts.get(message) ?? 0) + 1);
  return counts.size ? h("ul", {}, [...counts].map(([message, times]) => h("li", {}, message, times > 1 ? ` (${number(times)} ×)` : ""))) : "nothing we understood";
}

async function showSessions(place, signal) {
  const { items } = await get("sessions", {}, signal);
  if (!items.length) return;
  replace(place, h("section", { class: "card", "aria-labelledby": "sessions-head" },
    h("div", { class: "card-head" }, h("h2", { id: "sessions-head" }, "Visitors of the honeypot"), h("span", { class: "soft" }, "strangers who talked to an emulated meter")),
    table("Visitors of the honeypot", [
      { head: "Who", cell: (one) => h("span", { class: "mono" }, one.peer ?? one.who) },
      { head: "When", cell: (one) => whenShort(one.opened) },
      { head: "Stayed", num: true, cell: (one) => span(one.seconds) },
      { head: "Tried", cell: (one) => tried(one.tried ?? []) },
      { head: "Said", num: true, cell: (one) => bytes(one.said_bytes) },
      { head: "Got", num: true, cell: (one) => bytes(one.got_bytes) },
      { head: "All of it", cell: (one) => h("a", { href: link("traffic", [one.conversation]) }, `conversation at ${one.station}`) },
    ], items)));
}
