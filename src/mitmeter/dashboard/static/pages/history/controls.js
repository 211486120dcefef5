// The controls of History: period, which one, zoom, comparison, an extra line.

import { h, icon, replace, setText } from "../../core/dom.js";
import { dateInstant, dateText, moved } from "../../words/zone.js";
import { now } from "../../core/site.js";
import { PERIODS } from "./view.js";

const WORDS = { day: "Day", week: "Week", month: "Month", year: "Year", custom: "Custom" };

/** `go(change)` runs the change and shows the result. */
export function makeControls({ view, go }) {
  const periods = PERIODS.map((period) => h("button", { type: "button", on: { click: () => go(() => view.setPeriod(period)) } }, WORDS[period]));
  const words = h("p", { class: "span-words" });
  const button = (picture, label, act) => h("button", { class: "button square", type: "button", "aria-label": label, title: label, on: { click: () => go(act) } }, icon(picture));
  const earlier = button("left", "Earlier", () => view.step(-1));
  const later = button("right", "Later", () => view.step(1));
  const whole = h("button", { class: "button", type: "button", on: { click: () => go(() => { view.zoomed = null; }) } }, "Whole period");
  const today = h("button", { class: "button", type: "button", on: { click: () => go(() => view.today()) } }, "Today");
  const custom = makeCustom(view, go);
  const compare = h("input", { type: "checkbox", on: { change: () => go(() => { view.compare = compare.checked; }) } });

  const extra = extraField(view, go);
  const element = h("header", { class: "history-head" },
    h("div", { class: "page-head" }, h("div", {}, h("h1", {}, "History"), words),
      h("div", { class: "actions segments", role: "group", "aria-label": "Period" }, periods)),
    h("div", { class: "history-bar" },
      h("div", { class: "row" }, earlier, today, later),
      h("div", { class: "row", role: "group", "aria-label": "Zoom" }, button("zoom-in", "Zoom in", () => view.magnify(0.5)), button("zoom-out", "Zoom out", () => view.magnify(2)), whole),
      h("label", { class: "check" }, compare, "Compare with the period before"),
      extra.element),
    custom.element,
    h("p", { class: "soft small" }, "Drag across a chart to look closer: the finer values are fetched anew."));

  return {
    element,
    offer: extra.offer,
    show() {
      PERIODS.forEach((period, index) => periods[index].setAttribute("aria-pressed", String(view.period === period)));
      setText(words, view.words());
      whole.hidden = view.zoomed === null;
      later.disabled = view.until >= now();
      compare.checked = view.compare;
      custom.show();
    },
  };
}

function makeCustom(view, go) {
  const from = h("input", { type: "date", id: "from" });
  const to = h("input", { type: "date", id: "to" });
  const said = h("p", { class: "notice bad", role: "alert", hidden: true });
  const submit = (event) => {
    event.preventDefault();
    const [first, last] = [dateInstant(from.value), dateInstant(to.value)];
    const wrong = !Number.isFinite(first) || !Number.isFinite(last) ? "Please give both days." : last < first ? "The last day is before the first." : "";
    said.hidden = !wrong;
    replace(said, wrong);
    if (!wrong) go(() => view.setDates(first, last));
  };
  const element = h("form", { class: "filters", on: { submit } },
    h("div", { class: "field" }, h("label", { for: "from" }, "First day"), from),
    h("div", { class: "field" }, h("label", { for: "to" }, "Last day"), to),
    h("button", { class: "button", type: "submit" }, "Show"), said);
  return {
    element,
    show() {
      element.hidden = view.period !== "custom";
      from.value = dateText(view.from);
      to.value = dateText(moved("day", view.to, -1));
    },
  };
}

function extraField(view, go) {
  const choice = h("select", { id: "extra", on: { change: () => go(() => { view.extra = choice.value; }) } }, h("option", { value: "" }, "nothing else"));
  return {
    element: h("div", { class: "inline-field" }, h("label", { for: "extra" }, "Also show"), choice),
    /** Fills the list once it is known what there is. */
    offer(lines) {
      const owners = [...new Set(lines.map((line) => line.owner))];
      choice.append(...owners.map((owner) => h("optgroup", { label: owner }, lines.filter((line) => line.owner === owner)
        .map((line) => h("option", { value: line.key, selected: line.key === view.extra }, line.label)))));
    },
  };
}
