"""The emulated battery's configuration: how it is reported, taken and understood."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from importlib import resources

import pytest

from mitmeter.devices.alphaess.device_settings import Settings
from mitmeter.devices.alphaess.messages import Json, Object
from mitmeter.devices.alphaess.registers import CONFIG_REPORT_FIELDS
from mitmeter.protocol import BatterySchedule

SERIAL = "AL9900000000007"


def taken(**members: Json) -> Settings:
    settings = Settings(SERIAL, {"Poinv": "4.6", "Cobat": "10.100", "BatHighCap": "100"})
    settings.take(tuple(members.items()))
    return settings


def value(settings: Settings, name: str) -> Json:
    return dict(settings.report())[name]


def test_a_report_has_all_members_in_order_and_the_generator_twice() -> None:
    names = [name for name, _ in Settings(SERIAL, {}).report()]
    assert names == list(CONFIG_REPORT_FIELDS)
    assert len(names) == 133
    assert names.count("Generator") == 2


def test_booleans_are_text_in_the_two_observed_spellings() -> None:
    settings = taken(Fan=True, BackUpBox=False, GridCharge=True, CtrDis=False, Generator=True)
    found = {n: value(settings, n) for n in ("Fan", "BackUpBox", "GridCharge", "CtrDis")}
    assert found == {"Fan": "True", "BackUpBox": "False", "GridCharge": "true", "CtrDis": "false"}
    assert value(settings, "Generator") == "1"


@pytest.mark.parametrize(
    ("name", "sent", "reported"),
    [
        ("BatHighCap", "90.00", "90"),
        ("Poinv", "4.60", "4.6"),
        ("Cobat", "5.70", "5.700"),
        ("Poinv", "4.65", "4.65"),
        ("EmsLanguage", Decimal(1), "1"),
        ("Address", "2 Other Street", "2 Other Street"),
    ],
)
def test_values_are_reported_in_the_batterys_own_form(name: str, sent: Json, reported: str) -> None:
    assert value(taken(**{name: sent}), name) == reported


def test_an_unknown_member_is_kept_as_it_came_whatever_it_is() -> None:
    odd = Object((("a", None), ("b", (Decimal(1), True))))
    assert taken(FAAEnable=odd).report()[-1] == ("FAAEnable", odd)


def test_a_schedule_follows_the_members() -> None:
    settings = taken(
        GridCharge=True, TimeChaF1="23", TimeChaE1="5", TimeChaF2="13.00", TimeChaE2="15",
        BatHighCap="85.50", BatUseCap="20",
    )  # fmt: skip
    assert settings.schedule() == BatterySchedule(
        ((23, 5), (13, 15)), Decimal("85.50"), Decimal(20)
    )


@pytest.mark.parametrize("hour", ["", "x", "25", "-1", "1e99", "NaN"])
def test_an_impossible_hour_opens_no_window(hour: str) -> None:
    settings = taken(GridCharge=True, TimeChaF1=hour, TimeChaE1="5")
    assert settings.schedule().charge_windows == ()


@pytest.mark.parametrize("percent", ["", "x", "101", "-1", "NaN"])
def test_an_impossible_percentage_leaves_the_usual_one(percent: str) -> None:
    settings = taken(BatHighCap=percent, BatUseCap=percent)
    assert settings.schedule() == BatterySchedule()


@pytest.mark.parametrize("name", ["smile5", "smile5-unruly"])
def test_a_shipped_persona_names_every_member_once_and_changes_nothing_in_the_house(
    name: str,
) -> None:
    folder = resources.files("mitmeter.devices.alphaess") / "personas"
    persona = tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
    serial = persona["identity"]["serial"]
    assert len(serial) == 15
    assert serial.startswith("AL99")
    assert set(persona["configuration"]) == set(CONFIG_REPORT_FIELDS) - {"SN"}
    assert Settings(serial, persona["configuration"]).schedule() == BatterySchedule()
