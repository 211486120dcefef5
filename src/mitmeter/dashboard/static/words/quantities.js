// Plain names for what is measured. What is not listed keeps its own name.

const NAMES = {
  "grid.power": "Grid power", "grid.power.l1": "Grid power, phase 1", "grid.power.l2": "Grid power, phase 2",
  "grid.power.l3": "Grid power, phase 3", "grid.import": "Taken from the grid", "grid.export": "Given to the grid",
  "grid.voltage.l1": "Mains voltage, phase 1", "grid.voltage.l2": "Mains voltage, phase 2", "grid.voltage.l3": "Mains voltage, phase 3",
  "grid.current.l1": "Current, phase 1", "grid.current.l2": "Current, phase 2", "grid.current.l3": "Current, phase 3",
  "grid.frequency": "Mains frequency", "pv.power": "Solar power", "pv.power.string1": "Solar string 1",
  "pv.power.string2": "Solar string 2", "pv.voltage.string1": "Voltage of string 1", "pv.voltage.string2": "Voltage of string 2",
  "pv.energy": "Solar energy", "battery.power": "Battery power", "battery.soc": "State of charge",
  "battery.voltage": "Battery voltage", "battery.current": "Battery current", "battery.charged": "Put into the battery",
  "battery.discharged": "Taken out of the battery", "battery.charged.grid": "Put into the battery from the grid",
  "battery.cell.voltage.low": "Lowest cell voltage", "battery.cell.voltage.high": "Highest cell voltage",
  "battery.cell.temperature.low": "Lowest cell temperature", "battery.cell.temperature.high": "Highest cell temperature",
  "house.power": "House power", "inverter.power": "Inverter power", "inverter.temperature": "Inverter temperature",
  "gas.volume": "Gas volume", "gas.energy": "Gas energy", "price.import": "Price of energy", "price.standing": "Standing charge",
  "radio.rssi": "Radio reception", "radio.lqi": "Radio link quality", "clock.skew": "Clock error",
};

export function quantityName(quantity) {
  if (Object.hasOwn(NAMES, quantity)) return NAMES[quantity];
  // A vendor's field: `vendor.<protocol>.<field>`.
  const field = /^vendor\.[^.]+\.(.+)$/.exec(quantity);
  return field ? field[1] : quantity;
}

/** Which carrier a quantity belongs to; it decides colour and icon. */
export function carrier(quantity) {
  const first = quantity.split(".", 1)[0];
  return ["grid", "pv", "battery", "house", "gas"].includes(first) ? first : "other";
}

const PROTOCOLS = {
  alphaess: "AlphaESS battery", glow: "Glow display", efergy: "Efergy hub", kamstrup: "Kamstrup meter",
  smgw: "Smart-meter gateway",
};

export function deviceTitle(device) {
  return device.title || (Object.hasOwn(PROTOCOLS, device.protocol) ? PROTOCOLS[device.protocol] : device.device);
}
