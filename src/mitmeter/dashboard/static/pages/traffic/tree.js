// What a message means, as a tree: names and values, branches that fold.

import { h } from "../../core/dom.js";

const OPEN_DEPTH = 2;
const MANY = 200;

export function tree(value, depth = 0) {
  if (value === null || typeof value !== "object") return leaf(value);
  const entries = Array.isArray(value) ? value.map((one, index) => [String(index), one]) : Object.entries(value);
  if (!entries.length) return h("span", { class: "soft" }, Array.isArray(value) ? "an empty list" : "empty");
  return h("ul", { class: "tree" }, entries.map(([name, one]) => h("li", {}, branch(name, one, depth))));
}

function branch(name, value, depth) {
  if (value === null || typeof value !== "object") return [h("span", { class: "tree-name" }, name), " ", leaf(value)];
  const size = Array.isArray(value) ? value.length : Object.keys(value).length;
  if (!size) return [h("span", { class: "tree-name" }, name), " ", tree(value)];
  return h("details", { open: depth < OPEN_DEPTH && size <= MANY }, h("summary", {}, h("span", { class: "tree-name" }, name), h("span", { class: "soft small" }, ` ${size}`)), tree(value, depth + 1));
}

function leaf(value) {
  if (value === null) return h("span", { class: "soft" }, "nothing");
  return h("span", { class: `tree-value is-${typeof value}` }, String(value));
}
