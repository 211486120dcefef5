// What is around every page: whose house this is, whether it is live, and the theme.

import { h, icon, replace, setText } from "../core/dom.js";
import { now, setClock, site } from "../core/site.js";
import { watchState, listen } from "../core/live.js";
import { say } from "../words/times.js";
import { number } from "../words/numbers.js";
import { simulatedBadge } from "./badges.js";
import { toast } from "./toast.js";

const THEMES = [["auto", "auto", "System"], ["light", "sun", "Light"], ["dark", "moon", "Dark"]];
const STATES = {
  connecting: ["Connecting", "badge", "clock"],
  live: ["Live", "badge live good", null],
  lost: ["Reconnecting – not live", "badge warn", "warning"],
};

export function startShell() {
  const wall = h("time", { class: "soft nowrap strip-clock", title: `Time at the site, ${site.timezone}` });
  const state = h("span", { role: "status" });
  replace(document.getElementById("strip"),
    h("span", { class: "strip-site" }, site.id || "This house"),
    site.simulated ? simulatedBadge(site.speed > 1 ? `Simulated, ${number(site.speed)} × faster` : "Simulated data") : null,
    site.scope === "read" ? h("span", { class: "badge", title: "This token may look, not touch" }, "Read only") : null,
    h("span", { class: "strip-end" }, wall, state));
  replace(document.getElementById("rail-foot"), themeButton(), signOut(), h("p", {}, `mitmeter ${site.version ?? ""}`));

  const tick = () => setText(wall, say(now(), { weekday: "short", hour: "2-digit", minute: "2-digit" }));
  tick();
  setInterval(tick, 1000);
  watchState((next) => {
    const [text, className, picture] = STATES[next];
    replace(state, h("span", { class: className }, picture ? icon(picture) : h("span", { class: "dot", "aria-hidden": "true" }), text));
  });
  const forever = new AbortController();
  listen(["events"], { event: announce, hello: (hello) => setClock(hello.now) }, forever.signal);
}

function announce(event) {
  if (event.severity === "alarm" || event.severity === "warning") toast(event.severity, event.message);
}

function themeButton() {
  const button = h("button", { class: "rail-button", type: "button", id: "theme" });
  const show = () => {
    const current = THEMES.find(([name]) => name === (document.documentElement.dataset.theme ?? "auto"));
    replace(button, icon(current[1]), h("span", {}, `Theme: ${current[2].toLowerCase()}`));
  };
  button.addEventListener("click", () => {
    const current = document.documentElement.dataset.theme ?? "auto";
    const next = THEMES[(THEMES.findIndex(([name]) => name === current) + 1) % THEMES.length][0];
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("mitmeter.theme", next);
    } catch {
      // Not remembered, then; it still holds for this visit.
    }
    show();
    document.dispatchEvent(new Event("mitmeter:theme"));
  });
  show();
  return button;
}

function signOut() {
  return h("button", {
    class: "rail-button", type: "button",
    on: {
      click: async () => {
        await fetch("logout", { method: "POST", headers: { "X-Mitmeter": "1" } }).catch(() => null);
        location.replace("login");
      },
    },
  }, icon("out"), h("span", {}, "Sign out"));
}
