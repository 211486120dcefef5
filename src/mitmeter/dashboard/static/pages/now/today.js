// Today in energy and money: what it has cost so far, and where the energy came from and went.

import { h, icon, replace } from "../../core/dom.js";
import { site } from "../../core/site.js";
import { energy, known, money, number, percent } from "../../words/numbers.js";
import { clock } from "../../words/times.js";

export function makeToday() {
  const body = h("div", { class: "today" });
  const since = h("span", { class: "soft" });
  const element = h("section", { class: "card now-today", "aria-labelledby": "today-head" },
    h("div", { class: "card-head" }, h("h2", { id: "today-head" }, "Today"), since), body);
  return {
    element,
    show(today) {
      since.textContent = today.since ? `since ${clock(today.since)}` : "";
      replace(body, cost(today), tiles(today), notes(today));
    },
  };
}

function cost(today) {
  if (!known(today.cost)) {
    return h("p", { class: "soft" }, "No price is known: neither a device has reported a tariff, nor is there a [[tariff]] in the configuration.");
  }
  const currency = today.currency ?? site.currency;
  const net = today.total ?? today.cost - (today.income ?? 0) + (today.standing ?? 0);
  const items = [["Energy", today.cost], ["Standing charge", today.standing], ["Earned by export", known(today.income) ? -today.income : null]];
  return h("div", { class: "today-cost" },
    h("p", {}, h("span", { class: "hero" }, money(net, currency)), h("span", { class: "soft" }, net < 0 ? " earned so far" : " so far")),
    h("dl", { class: "ledger" }, items.filter(([, amount]) => known(amount)).map(([name, amount]) => [h("dt", {}, name), h("dd", {}, money(amount, currency))])));
}

function tiles(today) {
  const all = [
    ["grid", "From the grid", today.import_kwh], ["grid", "To the grid", today.export_kwh],
    ["pv", "From the sun", today.pv_kwh], ["battery", "Into the battery", today.battery_charged_kwh],
    ["battery", "Out of the battery", today.battery_discharged_kwh], ["gas", "Gas", today.gas_kwh],
  ];
  const volume = !known(today.gas_kwh) && known(today.gas_m3) ? h("li", { class: "tile", vars: { "--tone": "var(--gas)" } }, icon("gas"), h("span", { class: "tile-name" }, "Gas"),
    h("span", { class: "tile-value" }, number(today.gas_m3, 2), h("span", { class: "unit" }, " m³"))) : null;
  return h("ul", { class: "tiles" }, all.filter(([, , value]) => known(value)).map(([carrier, name, value]) => {
    const shown = energy(value);
    return h("li", { class: "tile", vars: { "--tone": `var(--${carrier})` } }, icon(carrier),
      h("span", { class: "tile-name" }, name),
      h("span", { class: "tile-value" }, shown.value, h("span", { class: "unit" }, ` ${shown.unit}`)));
  }), volume);
}

function notes(today) {
  const used = house(today);
  const own = known(used) && used > 0.05 && known(today.pv_kwh) ? Math.max(0, Math.min(1, 1 - today.import_kwh / used)) : null;
  const marks = [];
  if (today.estimated) marks.push("Some of this is estimated from power, as no counter reports it.");
  if (today.complete === false) marks.push("Some readings of today are missing, or its meter was changed: the true values are higher.");
  return [
    own === null ? null : h("div", { class: "own" },
      h("div", { class: "own-words" }, h("span", {}, "Not from the grid"), h("strong", {}, percent(own * 100))),
      h("div", { class: "meter-bar", vars: { "--share": `${own * 100}%` } }),
      h("p", { class: "soft small" }, `of the ${energy(used).text} the house has used came from the sun or the battery`)),
    marks.map((text) => h("p", { class: "soft small" }, text)),
  ];
}

function house(today) {
  if (!known(today.import_kwh)) return null;
  if (known(today.house_kwh)) return today.house_kwh;
  const value = (name) => today[name] ?? 0;
  return value("import_kwh") + value("pv_kwh") + value("battery_discharged_kwh") - value("export_kwh") - value("battery_charged_kwh");
}
