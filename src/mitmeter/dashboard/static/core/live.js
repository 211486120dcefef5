// The live stream: one server-sent connection for whatever the page in view wants to hear.

import { address } from "./api.js";

const KINDS = ["reading", "event", "conversation", "message", "hello"];
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30000;

const listeners = new Set();
const watchers = new Set();
let source = null;
let open = "";
let wait = FIRST_WAIT;
let retry = 0;
let state = "connecting";

/** Hear `topics` until the signal; `handlers` has one function per kind of event. */
export function listen(topics, handlers, signal) {
  const listener = { topics, handlers };
  listeners.add(listener);
  signal.addEventListener("abort", () => {
    listeners.delete(listener);
    queueMicrotask(settle);
  });
  queueMicrotask(settle);
}

/** Be told of `connecting`, `live` and `lost`, at once and at every change. */
export function watchState(watcher, signal) {
  watchers.add(watcher);
  signal?.addEventListener("abort", () => watchers.delete(watcher));
  watcher(state);
}

function settle() {
  const wanted = [...new Set([...listeners].flatMap((listener) => listener.topics))].sort().join(",");
  if (wanted === open && source) return;
  open = wanted;
  connect();
}

function connect() {
  clearTimeout(retry);
  source?.close();
  source = null;
  if (!open) return;
  const mine = new EventSource(address("live", { topics: open }));
  source = mine;
  mine.addEventListener("open", () => {
    wait = FIRST_WAIT;
    tell("live");
  });
  mine.addEventListener("error", () => {
    if (mine !== source) return;
    tell("lost");
    // A browser gives up for good when the answer was not a stream: then we ask again ourselves.
    if (mine.readyState === EventSource.CLOSED) {
      retry = setTimeout(connect, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    }
  });
  for (const kind of KINDS) mine.addEventListener(kind, (event) => hear(kind, event));
}

function hear(kind, event) {
  let told;
  try {
    told = JSON.parse(event.data);
  } catch {
    return;
  }
  for (const one of Array.isArray(told) ? told : [told]) {
    for (const listener of listeners) listener.handlers[kind]?.(one);
  }
}

function tell(next) {
  if (next === state) return;
  state = next;
  for (const watcher of watchers) watcher(state);
}
