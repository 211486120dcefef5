"""Quantities as entities: the classes and units that Home Assistant accepts together."""

from __future__ import annotations

import pytest

from mitmeter.model import CATALOGUE
from mitmeter.sinks.homeassistant_classes import entities, plain, readable
from tests.sinks.homeassistant_rules import check_sensor


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_quantity_of_the_catalogue_becomes_entities_that_are_allowed(name: str) -> None:
    for entity in entities(name, "GBP"):
        check_sensor(entity.device_class, entity.state_class, entity.unit)
        assert entity.name == entity.name.strip() != ""


@pytest.mark.parametrize(
    ("name", "key", "field", "device_class", "state_class", "unit"),
    [
        ("grid.import", "elec_import", "elec_import_kwh", "energy", "total_increasing", "kWh"),
        ("grid.export", "elec_export", "elec_export_kwh", "energy", "total_increasing", "kWh"),
        ("grid.power", "power", "power_w", "power", "measurement", "W"),
        ("gas.volume", "gas_volume", "gas_m3", "gas", "total_increasing", "m³"),
        ("gas.energy", "gas_energy", "gas_kwh", "energy", "total_increasing", "kWh"),
        ("clock.skew", "clock_skew", "clock_skew_s", "duration", "", "s"),
        ("pv.energy", "pv_energy", "pv_energy_kwh", "energy", "total_increasing", "kWh"),
        ("battery.soc", "battery_soc", "battery_soc_percent", "battery", "measurement", "%"),
        (
            "grid.reactive.import",
            "grid_reactive_import",
            "grid_reactive_import_kvarh",
            "reactive_energy",
            "total_increasing",
            "kvarh",
        ),
        (
            "grid.reactive.power",
            "grid_reactive_power",
            "grid_reactive_power_var",
            "reactive_power",
            "measurement",
            "var",
        ),
        (
            "vendor.efergy.700021.energy.estimated",
            "vendor_efergy_700021_energy_estimated",
            "vendor_efergy_700021_energy_estimated_kwh",
            "energy",
            "total_increasing",
            "kWh",
        ),
        # A price per kWh is no `monetary`, which takes a bare currency and `total` only.
        ("price.import", "price_import", "price_import_per_kwh", "", "measurement", "GBP/kWh"),
    ],
)
def test_names_classes_and_units(
    name: str, key: str, field: str, device_class: str, state_class: str, unit: str
) -> None:
    made = entities(name, "GBP")[0]
    assert (made.key, made.field) == (key, field)
    assert (made.device_class, made.state_class, made.unit) == (device_class, state_class, unit)


def test_a_price_in_an_unknown_currency_has_no_unit() -> None:
    assert entities("price.import")[0].unit == ""


@pytest.mark.parametrize("name", ["grid.power", "battery.power"])
def test_a_signed_power_comes_with_one_entity_for_each_direction(name: str) -> None:
    assert [each.part.name for each in entities(name)] == ["ALL", "POSITIVE", "NEGATIVE"]


def test_powers_expire_and_counters_do_not() -> None:
    assert entities("grid.power")[0].live
    assert not entities("grid.import")[0].live
    assert not entities("battery.soc")[0].live


def test_vendors_fields_are_diagnostics_that_have_to_be_asked_for() -> None:
    made = entities("vendor.alphaess.PrealL1")[0]
    assert (made.diagnostic, made.enabled, made.device_class) == (True, False, "")


def test_an_energy_of_the_day_makes_no_statistics() -> None:
    made = entities("vendor.glow.electricity.day_kwh")[0]
    assert (made.device_class, made.state_class, made.unit) == ("energy", "", "kWh")
    assert not made.counter


def test_a_sensors_power_at_a_hub_is_a_main_value() -> None:
    made = entities("vendor.efergy.700021.watts")[0]
    assert (made.device_class, made.unit, made.diagnostic, made.enabled) == (
        "power",
        "W",
        False,
        True,
    )


def test_names_that_are_no_identifiers_stay_apart() -> None:
    assert plain("vendor.smgw.1-0.1.8.1_kwh") != plain("vendor.smgw.1_0.1.8.1_kwh")
    assert plain("vendor.smgw.1-0.1.8.1_kwh").isidentifier()
    assert plain("vendor.influx.zähler.wert").isascii()


def test_names_in_words() -> None:
    assert readable("grid.voltage.l1") == "Grid voltage phase 1"
    assert readable("pv.power.string2") == "PV power string 2"
