// The bars as a table: for those who cannot see them, and for those who want the number.

import { h, replace } from "../../core/dom.js";
import { table } from "../../parts/table.js";
import { known, money, number } from "../../words/numbers.js";
import { MARKS, name } from "./energy.js";

const COLUMNS = [
  ["import_kwh", "From the grid"], ["export_kwh", "To the grid"], ["pv_kwh", "Sun"], ["charged_kwh", "Into battery"],
  ["discharged_kwh", "Out of battery"], ["house_kwh", "House"], ["gas_kwh", "Gas"],
];

export function makeAsTable() {
  const body = h("div", {});
  const element = h("details", { class: "card" }, h("summary", {}, "The bars as a table"), body);
  let told = null;
  const fill = () => {
    if (element.open && told) replace(body, build(told));
  };
  element.addEventListener("toggle", fill);
  return {
    element,
    show(intervals) {
      told = intervals;
      fill();
    },
  };
}

function build({ items, every, currency }) {
  const kept = COLUMNS.filter(([key]) => items.some((item) => known(item[key])));
  const columns = [
    { head: "When", cell: (item) => name({ from: Date.parse(item.from), to: Date.parse(item.to) }, every) },
    ...kept.map(([key, head]) => ({ head: `${head} (kWh)`, num: true, cell: (item) => number(item[key], 2) })),
    { head: "Cost", num: true, cell: (item) => money(item.cost, currency) },
    { head: "Earned", num: true, cell: (item) => money(item.income, currency) },
    { head: "Note", cell: (item) => (item.marks ?? []).map((mark) => MARKS[mark] ?? mark).join(", ") },
  ];
  return table("Energy and cost per interval", columns, items);
}
