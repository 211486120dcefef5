// Which page is shown: `#/history?span=week`. A page is a module with `title` and
// `open({ root, path, query, signal })`; the signal is aborted when the page is left.

import { h, replace } from "./dom.js";
import { explain } from "../parts/states.js";

const PAGES = {
  now: () => import("../pages/now.js"),
  history: () => import("../pages/history.js"),
  devices: (path) => (path.length ? import("../pages/device.js") : import("../pages/devices.js")),
  traffic: (path) =>
    path.length ? import("../pages/conversation.js") : import("../pages/traffic.js"),
  events: () => import("../pages/events.js"),
  health: () => import("../pages/health.js"),
};

let leaving = new AbortController();
let shown = "";

export function startRouter(root) {
  addEventListener("hashchange", () => show(root, true));
  show(root, false);
}

/** The address of a page. */
export function link(page, path = [], query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const asked = new URLSearchParams(kept).toString();
  return `#/${[page, ...path].map(encodeURIComponent).join("/")}${asked ? `?${asked}` : ""}`;
}

/** Changes the query of the page that is shown, without opening it anew. */
export function keepQuery(query) {
  const { page, path } = parse();
  history.replaceState(null, "", link(page, path, query));
}

export function parse(hash = location.hash) {
  const [before, after = ""] = hash.replace(/^#\/?/, "").split("?");
  const [page, ...path] = before.split("/").filter(Boolean).map(decode);
  const known = page && Object.hasOwn(PAGES, page) ? page : "now";
  return { page: known, path, query: Object.fromEntries(new URLSearchParams(after)) };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function show(root, moveFocus) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const asked = location.hash;
  const where = parse(asked);
  mark(where.page);
  const place = h("div", { class: `page page-${where.page}` });
  root.setAttribute("aria-busy", "true");
  try {
    const module = await PAGES[where.page](where.path);
    if (signal.aborted) return;
    root.dataset.at = asked;
    document.title = `${module.title} – mitmeter`;
    replace(root, place);
    if (shown !== where.page + where.path) scrollTo(0, 0);
    shown = where.page + where.path;
    if (moveFocus) root.focus({ preventScroll: true });
    await module.open({ root: place, ...where, signal });
  } catch (error) {
    if (signal.aborted) return;
    if (!place.isConnected) replace(root, place);
    explain(place, error);
  } finally {
    if (!signal.aborted) root.removeAttribute("aria-busy");
  }
}

function mark(page) {
  for (const anchor of document.querySelectorAll("[data-page]")) {
    if (anchor.dataset.page === page) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
}
