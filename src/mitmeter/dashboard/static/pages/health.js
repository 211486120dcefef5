// Health: the doctor's chain, who listens, how much is kept and written, how far the sinks are.

import { h, replace } from "../core/dom.js";
import { get } from "../core/api.js";
import { link } from "../core/router.js";
import { bytes, count, known, number } from "../words/numbers.js";
import { date, span } from "../words/times.js";
import { verdict } from "../parts/badges.js";
import { empty } from "../parts/states.js";
import { table } from "../parts/table.js";

export const title = "Health";
const EVERY = 20000;

export async function open({ root, signal }) {
  const show = async () => {
    const health = await get("health", {}, signal);
    replace(root, head(health), h("div", { class: "health" }, chain(health.checks ?? []),
      h("div", { class: "stack" }, kept(health), listeners(health.listeners ?? []), sinks(health.sinks ?? []))));
  };
  await show();
  const timer = setInterval(() => {
    // Not under the hands of somebody who is selecting or tabbing through it.
    if (!root.contains(document.activeElement)) show().catch(() => null);
  }, EVERY);
  signal.addEventListener("abort", () => clearInterval(timer));
}

function head(health) {
  const bad = (health.checks ?? []).filter((check) => check.ok === false).length;
  const words = bad ? `${count(bad, "thing")} to look at.` : "Everything the doctor looked at is fine.";
  return h("div", { class: "page-head" }, h("div", {}, h("h1", {}, "Health"), h("p", { class: "soft" }, words)));
}

function chain(checks) {
  return h("section", { class: "card", "aria-labelledby": "doctor-head" },
    h("div", { class: "card-head" }, h("h2", { id: "doctor-head" }, "The doctor's chain"), h("span", { class: "soft" }, "from the wire to the last reading")),
    checks.length ? chains(checks)
      : empty("health", "The doctor has not looked yet", "It looks by itself a moment after the start."));
}

/** One chain per station, each link in words. */
function chains(checks) {
  const names = [...new Set(checks.map((check) => check.chain ?? ""))];
  return names.map((name) => {
    const links = checks.filter((check) => (check.chain ?? "") === name);
    const broken = links.filter((check) => check.ok === false).length;
    return h("details", { class: "chain-of", open: broken > 0 },
      h("summary", {}, h("h3", {}, name || "This house"), verdict(broken === 0, ["Fine", broken === 1 ? "1 broken" : `${broken} broken`])),
      h("ol", { class: "chain" }, links.map(linkOf)));
  });
}

function linkOf(check) {
  return h("li", { class: check.ok === false ? "is-bad" : "" }, verdict(check.ok),
    h("div", {}, h("h4", {}, check.name), h("p", {}, check.text), check.advice ? h("p", { class: "advice" }, check.advice) : null));
}

function kept({ store = {}, journal = {}, written_per_day_bytes: written, memory_bytes: memory, uptime_seconds: up }) {
  const year = known(written) ? written * 365 : null;
  const tiles = [
    ["Readings kept", number(store.readings), bytes(store.bytes)],
    ["Journal of raw bytes", bytes(journal.bytes), [known(journal.segments) ? count(journal.segments, "file") : "", journal.oldest ? ` since ${date(journal.oldest)}` : ""]],
    ["Written per day", bytes(written), year === null ? "" : `about ${bytes(year)} a year: what wears an SD card`],
    ["Not yet on disk", bytes(journal.unsaved), "bytes of the journal waiting for the next write"],
    ["Memory", bytes(memory), known(up) ? `running for ${span(up)}` : ""],
  ];
  return h("section", { class: "card", "aria-labelledby": "kept-head" }, h("div", { class: "card-head" }, h("h2", { id: "kept-head" }, "What is kept")),
    h("ul", { class: "tiles health-tiles" }, tiles.filter(([, value]) => value !== "–").map(([name, value, more]) => h("li", { class: "tile" }, h("span", { class: "tile-name" }, name), h("span", { class: "tile-value" }, value), h("span", { class: "soft small" }, more)))));
}

function listeners(items) {
  return h("section", { class: "card", "aria-labelledby": "listeners-head" }, h("div", { class: "card-head" }, h("h2", { id: "listeners-head" }, "Who listens")),
    items.length ? table("Listeners", [
      { head: "Station", cell: (one) => h("a", { href: link("traffic", [], { station: one.station ?? one.name }) }, one.station ?? one.name) },
      { head: "Role", cell: (one) => [one.role, one.protocol].filter(Boolean).join(", ") },
      { head: "Where", cell: (one) => h("span", { class: "mono small nowrap" }, one.listen ?? one.where ?? "–") },
      { head: "Connections", num: true, cell: (one) => number(one.connections ?? one.conversations) },
      { head: "State", cell: (one) => (one.error ? h("span", {}, verdict(false), ` ${one.error}`) : verdict(one.ok ?? true, ["Up", "Down", "Not known"])) },
    ], items) : empty("devices", "Nobody listens", "The configuration names no station yet."));
}

function sinks(items) {
  const up = (one) => (one.error || one.state === "down" ? false : one.state ? true : null);
  return h("section", { class: "card", "aria-labelledby": "sinks-head" }, h("div", { class: "card-head" }, h("h2", { id: "sinks-head" }, "Where readings go"), h("span", { class: "soft" }, "a sink that is down only falls behind; nothing is lost")),
    items.length ? table("Sinks", [
      { head: "Sink", cell: (one) => h("strong", {}, one.name) },
      { head: "State", cell: (one) => h("span", {}, verdict(up(one), [one.state ?? "up", one.state ?? "down", one.state ?? "not known"]), one.error ? ` ${one.error}` : "") },
      { head: "Behind by", num: true, cell: (one) => (one.lag ? count(one.lag, "reading") : "nothing") },
      { head: "Delivered", num: true, cell: (one) => number(one.delivered) },
      { head: "Set aside", num: true, cell: (one) => number(one.dead) },
    ], items) : h("p", { class: "soft" }, "No sink is configured: readings stay here, in the store."));
}
