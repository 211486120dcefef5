// Where an axis has its marks: round numbers, and round moments of the site's wall clock.

import { civil, instant, offset } from "../words/zone.js";
import { clock, say } from "../words/times.js";

const MINUTE = 60000;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((minutes) => minutes * MINUTE);

/** Round values from low to high, about `wanted` of them. */
export function numberTicks(low, high, wanted = 5) {
  const rough = (high - low) / wanted || 1;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * size).find((one) => one >= rough) ?? size * 10;
  const ticks = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step / 1e6; value += step) ticks.push(Math.abs(value) < step / 1e6 ? 0 : value);
  return ticks;
}

/** `[{ at, text }]` for instants from since to until, about `wanted` of them. */
export function timeTicks(since, until, wanted = 7) {
  const rough = (until - since) / wanted;
  const step = STEPS.find((one) => one >= rough);
  return step ? withinDays(since, until, step) : overDays(since, until, rough / (1440 * MINUTE));
}

function withinDays(since, until, step) {
  const ticks = [];
  const ahead = offset(since);
  for (let wall = Math.ceil((since + ahead) / step) * step; wall - ahead <= until + 2 * 3600000; wall += step) {
    const guess = wall - ahead;
    // After the clocks have changed the same wall time is another instant.
    const at = wall - offset(guess);
    if (at < since || at > until || at === ticks.at(-1)?.at) continue;
    const shown = civil(at);
    const midnight = shown.hour === 0 && shown.minute === 0;
    ticks.push({ at, text: midnight ? say(at, { weekday: "short", day: "numeric" }) : clock(at) });
  }
  return ticks;
}

function overDays(since, until, roughDays) {
  const ticks = [];
  const from = civil(since);
  if (roughDays <= 16) {
    const step = [1, 2, 7, 14].find((one) => one >= roughDays) ?? 14;
    for (let n = 0; n < 400; n += step) {
      const at = instant(from.year, from.month, from.day + n);
      if (at > until) break;
      if (at >= since) ticks.push({ at, text: say(at, step === 1 ? { weekday: "short", day: "numeric" } : { day: "numeric", month: "short" }) });
    }
    return ticks;
  }
  const step = [1, 2, 3, 6, 12].find((one) => one * 30.4 >= roughDays) ?? 12;
  for (let n = 0; n < 1200; n += step) {
    const at = instant(from.year, from.month + n, 1);
    if (at > until) break;
    if (at >= since) ticks.push({ at, text: say(at, civil(at).month === 1 || step === 12 ? { month: "short", year: "numeric" } : { month: "short" }) });
  }
  return ticks;
}
