// A table that folds into cards on a narrow screen: each cell carries its column's name.

import { h } from "../core/dom.js";

/** columns: `{ head, cell(item), num }`; `caption` names the table for those who cannot see it. */
export function table(caption, columns, items) {
  const head = h("tr", {}, columns.map((column) => h("th", { scope: "col", class: column.num && "num" }, column.head)));
  return h("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": caption },
    h("table", { class: "table folds" }, h("caption", { class: "seen-not" }, caption), h("thead", {}, head),
      h("tbody", {}, items.map((item) => tableRow(columns, item)))));
}

export function tableRow(columns, item) {
  return h("tr", {}, columns.map((column) => h("td", { class: column.num && "num", "data-label": column.head }, column.cell(item))));
}
