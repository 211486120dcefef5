// Numbers as this browser's locale writes them, with units a person thinks in.

const MINUS = "−";
const NOTHING = "–";
// A number and its unit stay on one line.
const SPACE = "\u00a0";

const plain = new Map();

/** `value` with a fixed number of decimals; a dash when it is not known. */
export function number(value, decimals = 0) {
  if (!known(value)) return NOTHING;
  if (!plain.has(decimals)) {
    plain.set(decimals, new Intl.NumberFormat(undefined, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
  }
  return proper(plain.get(decimals).format(Object.is(value, -0) ? 0 : value));
}

/** Watts as `{ value, unit, text }`: 312 W, 1.24 kW, 12.4 kW. */
export function power(watts) {
  if (!known(watts)) return { value: NOTHING, unit: "", text: NOTHING };
  const size = Math.abs(watts);
  if (Math.round(size) < 1000) return joined(number(Math.round(watts) || 0), "W");
  return joined(number(watts / 1000, size < 9995 ? 2 : 1), "kW");
}

/** The same with its sign said: +1.24 kW, −0.31 kW. */
export function signedPower(watts) {
  const shown = power(watts);
  if (!known(watts) || Math.round(watts) <= 0) return shown;
  return joined(`+${shown.value}`, shown.unit);
}

/** Kilowatt-hours: 0.42 kWh, 11.0 kWh, 1,204 kWh, 12.4 MWh. */
export function energy(kwh) {
  if (!known(kwh)) return { value: NOTHING, unit: "", text: NOTHING };
  const size = Math.abs(kwh);
  if (size >= 10000) return joined(number(kwh / 1000, 1), "MWh");
  return joined(number(kwh, size < 9.995 ? 2 : size < 999.5 ? 1 : 0), "kWh");
}

export function money(amount, currency) {
  if (!known(amount)) return NOTHING;
  if (!currency) return number(amount, 2);
  try {
    return proper(new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount));
  } catch {
    return `${number(amount, 2)} ${currency}`;
  }
}

export function percent(value, decimals = 0) {
  return known(value) ? `${number(value, decimals)}${SPACE}%` : NOTHING;
}

export function bytes(count) {
  if (!known(count)) return NOTHING;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = count;
  let step = 0;
  while (Math.abs(size) >= 999.5 && step < units.length - 1) {
    size /= 1000;
    step += 1;
  }
  return `${number(size, step === 0 || size >= 99.5 ? 0 : 1)}${SPACE}${units[step]}`;
}

export function count(value, one, many = `${one}s`) {
  return `${number(value)}${SPACE}${value === 1 ? one : many}`;
}

/** Any reading's value with its unit, as many decimals as its size deserves. */
export function measured(value, unit) {
  if (typeof value === "string") return unit ? value + SPACE + unit : value;
  if (!known(value)) return NOTHING;
  if (unit === "W") return power(value).text;
  const size = Math.abs(value);
  const decimals = Number.isInteger(value) ? 0 : size >= 1000 ? 1 : size >= 10 ? 2 : 3;
  return unit ? `${number(value, decimals)}${SPACE}${unit}` : number(value, decimals);
}

export function known(value) {
  return typeof value === "number" && Number.isFinite(value);
}

function joined(value, unit) {
  return { value, unit, text: value + SPACE + unit };
}

function proper(text) {
  return text.replace("-", MINUS);
}
