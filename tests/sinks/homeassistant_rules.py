"""What Home Assistant 2026.2 accepts, written down from its documentation and checks.

Sensor classes: which state classes and units a device class allows. Device discovery: which keys
are required. Energy dashboard: which entities may be chosen as what.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_MEASURED = {"", "measurement"}
_TOTALS = {"", "total", "total_increasing"}
# Device class → state classes, units.
SENSOR: dict[str, tuple[set[str], set[str]]] = {
    "energy": (_TOTALS, {"Wh", "kWh", "MWh", "GWh", "MJ", "GJ", "J", "kJ"}),
    "reactive_energy": (_TOTALS, {"varh", "kvarh"}),
    "gas": (_TOTALS, {"m³", "L", "ft³", "CCF", "MCF"}),
    "monetary": ({"", "total"}, {"GBP", "EUR", "USD", "CHF", "DKK"}),
    "power": (_MEASURED, {"mW", "W", "kW", "MW"}),
    "reactive_power": (_MEASURED, {"mvar", "var", "kvar"}),
    "voltage": (_MEASURED, {"µV", "mV", "V", "kV"}),
    "current": (_MEASURED, {"mA", "A"}),
    "frequency": (_MEASURED, {"Hz", "kHz", "MHz"}),
    "battery": (_MEASURED, {"%"}),
    "temperature": (_MEASURED, {"°C", "°F", "K"}),
    "signal_strength": (_MEASURED, {"dB", "dBm"}),
    "duration": (
        {"", "measurement", "total", "total_increasing"},
        {"d", "h", "min", "s", "ms", "µs"},
    ),
}
SENSOR_KEYS = {
    *("p", "name", "uniq_id", "def_ent_id", "dev_cla", "stat_cla", "unit_of_meas"),
    *("sug_dsp_prc", "exp_aft", "ent_cat", "en", "val_tpl", "lrst_val_tpl", "avty", "stat_t"),
}
KEYS = {
    "sensor": SENSOR_KEYS,
    "binary_sensor": {
        *("p", "name", "uniq_id", "def_ent_id", "dev_cla", "stat_t", "pl_on", "pl_off"),
        *("ent_cat", "avty"),
    },
    "button": {"p", "name", "uniq_id", "def_ent_id", "cmd_t", "pl_prs", "ent_cat", "en"},
    "switch": {
        *("p", "name", "uniq_id", "def_ent_id", "cmd_t", "pl_on", "pl_off", "stat_on"),
        *("stat_off", "val_tpl", "ent_cat", "en"),
    },
    "number": {
        *("p", "name", "uniq_id", "def_ent_id", "cmd_t", "min", "max", "step", "mode"),
        *("unit_of_meas", "val_tpl", "ent_cat", "en"),
    },
}
DEVICE_KEYS = {"ids", "cns", "name", "mf", "mdl", "sn", "sw", "via_device", "cu"}
TOP_KEYS = {"dev", "o", "cmps", "avty", "avty_mode", "stat_t", "qos"}
_ENTITY_ID = re.compile(r"[a-z_]+\.[a-z0-9_]+\Z")
_SIMPLE = re.compile(r"\{\{ value_json\.([A-Za-z0-9_]+) \}\}\Z")
_RUNNING = re.compile(
    r"\{\{ value_json\.([A-Za-z0-9_]+)_running \| default\(value_json\.([A-Za-z0-9_]+)\) \}\}\Z"
)


def check_sensor(device_class: str, state_class: str, unit: str) -> None:
    """Fail unless the three go together."""
    if device_class:
        states, units = SENSOR[device_class]
        assert state_class in states, (device_class, state_class)
        assert unit in units, (device_class, unit)
    elif state_class:
        assert state_class == "measurement"


def check_device(payload: Mapping[str, Any]) -> None:
    """Fail unless it is a device discovery that Home Assistant takes, none of it in vain."""
    assert set(payload) <= TOP_KEYS
    assert payload["o"]["name"]
    assert payload["dev"]["ids"]
    assert set(payload["dev"]) <= DEVICE_KEYS
    assert payload["cmps"]
    for component in payload["cmps"].values():
        if set(component) == {"p"}:
            continue  # is removed
        assert component["uniq_id"]
        assert set(component) <= KEYS[component["p"]], component
        assert _ENTITY_ID.match(component["def_ent_id"])
        assert component["def_ent_id"].startswith(f"{component['p']}.")
        assert component.get("ent_cat", "diagnostic") in ("diagnostic", "config")
        assert payload["dev"]["name"] not in component["name"]
        if component["p"] == "sensor":
            check_sensor(
                component.get("dev_cla", ""),
                component.get("stat_cla", ""),
                component.get("unit_of_meas", ""),
            )
            if component.get("stat_cla") in ("total", "total_increasing"):
                assert "exp_aft" not in component
        if component["p"] in ("sensor", "switch", "number"):
            assert component.get("stat_t") or payload.get("stat_t")
    unique = [each["uniq_id"] for each in payload["cmps"].values() if len(each) > 1]
    assert len(unique) == len(set(unique))


def value(component: Mapping[str, Any], state: Mapping[str, Any]) -> Any:
    """Return what the template makes of a state. Fails for a template that would log a warning."""
    simple = _SIMPLE.match(component["val_tpl"])
    if simple is not None:
        return state[simple[1]]
    running = _RUNNING.match(component["val_tpl"])
    assert running is not None, component["val_tpl"]
    assert running[1] == running[2]
    return state.get(f"{running[1]}_running", state[running[2]])


def energy_roles(component: Mapping[str, Any], current: Any) -> set[str]:
    """Return as what the Energy dashboard lets people choose this entity without complaint."""
    if component["p"] != "sensor" or not isinstance(current, int | float):
        return set()
    device_class, unit = component.get("dev_cla"), component.get("unit_of_meas", "")
    counts = component.get("stat_cla") in ("total", "total_increasing") and current >= 0
    roles = set()
    if device_class == "energy" and counts and unit in SENSOR["energy"][1]:
        roles |= {"energy", "gas"}
    if device_class == "gas" and counts and unit in SENSOR["gas"][1]:
        roles.add("gas")
    if device_class == "power" and component.get("stat_cla") == "measurement":
        roles.add("power")
    if component.get("stat_cla") == "total" and device_class == "monetary":
        roles.add("cost")
    if unit.endswith("/kWh"):
        roles.add("price")
    return roles
