// The span that is looked at: which period, which one, and how far zoomed into it.

import { now } from "../../core/site.js";
import { clock, date, day, dayClock, longDay, say } from "../../words/times.js";
import { dateInstant, dateText, moved, startOf } from "../../words/zone.js";

const HOUR = 3600000;
const DAY = 24 * HOUR;
export const PERIODS = ["day", "week", "month", "year", "custom"];
// From the shortest span that is shown in bars of this length.
const EVERY = [[3 * 366 * DAY, "1y"], [92 * DAY, "1mo"], [3 * DAY, "1d"], [14 * HOUR, "1h"], [0, "30m"]];
const UNITS = { "1y": "year", "1mo": "month", "1d": "day", "1h": "hour" };
const SHORTEST = 5 * 60000;

export class View {
  constructor(query = {}) {
    this.period = PERIODS.includes(query.period) ? query.period : "day";
    this.compare = query.compare === "1";
    this.extra = query.extra ?? "";
    this.zoomed = null;
    const at = dateInstant(query.at);
    this.from = Number.isFinite(at) ? at : now();
    const to = dateInstant(query.to);
    this.to = Number.isFinite(to) ? moved("day", to, 1) : moved("day", this.from, 1);
    this.settle();
    const zoomed = (query.zoom ?? "").split("~").map(Date.parse);
    if (zoomed.length === 2 && zoomed.every(Number.isFinite)) this.zoom(...zoomed);
  }

  get since() {
    return this.zoomed?.since ?? this.from;
  }

  get until() {
    return this.zoomed?.until ?? this.to;
  }

  /** From and to on whole periods of the site's wall clock. */
  settle() {
    this.zoomed = null;
    if (this.period === "custom") {
      this.from = startOf("day", this.from);
      if (this.to <= this.from) this.to = moved("day", this.from, 1);
      return;
    }
    this.from = startOf(this.period, this.from);
    this.to = moved(this.period, this.from, 1);
  }

  setPeriod(period) {
    if (period === "custom" && this.period !== "custom") {
      this.period = period;
      return;
    }
    this.period = period;
    if (this.from < now() && now() < this.to) this.from = now();
    this.settle();
  }

  step(by) {
    if (this.zoomed) {
      const length = this.until - this.since;
      this.zoom(this.since + by * length, this.until + by * length);
    } else if (this.period === "custom") {
      const days = Math.max(1, Math.round((this.to - this.from) / DAY));
      [this.from, this.to] = [moved("day", this.from, by * days), moved("day", this.to, by * days)];
    } else {
      this.from = moved(this.period, this.from, by);
      this.settle();
    }
  }

  today() {
    this.from = now();
    if (this.period === "custom") this.period = "day";
    this.settle();
  }

  setDates(from, to) {
    this.period = "custom";
    this.from = from;
    this.to = moved("day", Math.max(from, to), 1);
    this.settle();
  }

  zoom(since, until) {
    if (until - since < SHORTEST) {
      const middle = (since + until) / 2;
      [since, until] = [middle - SHORTEST / 2, middle + SHORTEST / 2];
    }
    this.zoomed = { since: Math.round(since), until: Math.round(until) };
  }

  magnify(factor) {
    const middle = (this.since + this.until) / 2;
    const half = ((this.until - this.since) / 2) * factor;
    if (factor > 1 && (this.zoomed === null || half * 2 >= this.to - this.from)) this.zoomed = null;
    else this.zoom(middle - half, middle + half);
  }

  every() {
    const length = this.until - this.since;
    return EVERY.find(([shortest]) => length >= shortest)[1];
  }

  /** The span on whole intervals, so that no bar is cut. */
  intervalSpan() {
    const unit = UNITS[this.every()];
    const half = HOUR / 2;
    if (!unit) return [Math.floor(this.since / half) * half, Math.ceil(this.until / half) * half];
    const last = startOf(unit, this.until);
    return [startOf(unit, this.since), last === this.until ? last : moved(unit, last, 1)];
  }

  query() {
    return {
      period: this.period, at: dateText(this.from),
      to: this.period === "custom" ? dateText(moved("day", this.to, -1)) : "",
      zoom: this.zoomed ? `${new Date(this.since).toISOString()}~${new Date(this.until).toISOString()}` : "",
      compare: this.compare ? "1" : "", extra: this.extra,
    };
  }

  words() {
    if (this.zoomed) {
      const sameDay = dateText(this.since) === dateText(this.until - 1);
      return sameDay ? `${day(this.since)}, ${clock(this.since)} – ${clock(this.until)}` : `${dayClock(this.since)} – ${dayClock(this.until)}`;
    }
    if (this.period === "day") return longDay(this.from);
    if (this.period === "month") return say(this.from, { month: "long", year: "numeric" });
    if (this.period === "year") return say(this.from, { year: "numeric" });
    return `${date(this.from)} – ${date(this.to - 1)}`;
  }

  /** What the comparison is with, in words. */
  before() {
    if (this.zoomed || this.period === "custom") return "the span before";
    return { day: "the day before", week: "the week before", month: "the month before", year: "the year before" }[this.period];
  }

  /** A file name that says what is in it. */
  fileName(what, ending) {
    const from = new Date(this.since).toISOString().slice(0, 16).replaceAll(":", "");
    const to = new Date(this.until).toISOString().slice(0, 16).replaceAll(":", "");
    return `mitmeter-${what}-${from}Z-${to}Z.${ending}`;
  }
}
