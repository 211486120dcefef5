"""Configurations: the two spellings, taking over what the battery holds, changing one member."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from mitmeter.devices.alphaess.configuration import (
    Unlike,
    changed,
    compare,
    from_json,
    same,
    whole,
    written_like,
)
from mitmeter.devices.alphaess.messages import Json
from mitmeter.devices.alphaess.registers import CONFIG_REPLY_FIELDS
from tests.devices.alphaess.alphaess_sayings import report, server_configuration


@pytest.mark.parametrize(
    ("server", "battery"),
    [
        ("9.20", "9.2"),
        ("90.00", "90"),
        (False, "False"),
        (False, "false"),
        (False, "0"),
        (True, "true"),
        (True, "1"),
        (Decimal(0), "0"),
        ("", "0"),
        ("E_Linker", "E_Linker"),
    ],
)
def test_both_spellings_of_a_setting_mean_the_same(server: Json, battery: str) -> None:
    assert same(server, battery)
    assert same(battery, server)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("9.2", "9.3"),
        (True, "false"),
        (True, "0"),
        (False, "x"),
        ("a", "b"),
        ("", "1"),
        ("NaN", ""),
    ],
)
def test_different_settings_are_told_apart(one: Json, other: str) -> None:
    assert not same(one, other)


def test_without_a_server_configuration_the_documented_order_is_used() -> None:
    built = whole(None, report().members)
    assert built is not None
    names = [name for name, _ in built]
    assert names[: len(CONFIG_REPLY_FIELDS)] == list(CONFIG_REPLY_FIELDS)
    assert names[len(CONFIG_REPLY_FIELDS) :] == ["use_ct"]


def test_a_configuration_built_from_a_report_has_the_servers_forms_and_neutral_rest() -> None:
    built = dict(whole(None, report(BackUpBox="True").members) or ())
    assert built["Status"] == "Success"
    assert built["Popv"] == "9.2"
    assert built["BackUpBox"] is True
    assert built["Generator"] is False
    assert built["EmsLanguage"] == Decimal(0)
    assert built["GridChargeWE"] is False
    assert built["MaxGridCharge"] == "0.00"
    assert built["VPPMode"] == "0"
    assert built["Country"] == ""


def test_a_server_configuration_keeps_its_order_text_and_unknown_members() -> None:
    server = server_configuration()
    built = whole(server, report().members)
    assert built == (*server, ("BatReady", "0"), ("use_ct", "1"))


def test_what_the_battery_holds_now_replaces_what_the_server_once_said() -> None:
    built = dict(
        whole(server_configuration(), report(BatHighCap="85", GridCharge="true").members) or ()
    )
    assert built["BatHighCap"] == "85.00"
    assert built["GridCharge"] is True
    assert built["MaxGridCharge"] == "3.00"


def test_serial_numbers_and_versions_of_parts_are_not_sent_back() -> None:
    built = dict(whole(server_configuration(), report().members) or ())
    assert "BatterySN1" not in built
    assert "BMSVersion" not in built


def test_nothing_known_builds_nothing() -> None:
    assert whole(None, None) is None


def test_a_change_leaves_everything_else_where_and_as_it_is() -> None:
    before = server_configuration()
    after = changed(before, {"BatHighCap": "80", "NewThing": "1"})
    assert [name for name, _ in after] == [*(name for name, _ in before), "NewThing"]
    assert [pair for pair in after if pair not in before] == [
        ("BatHighCap", "80.00"),
        ("NewThing", "1"),
    ]


def test_a_repeated_member_is_changed_wherever_it_stands() -> None:
    after = changed((("A", "1"), ("B", "2"), ("A", "1")), {"A": "3"})
    assert after == (("A", "3"), ("B", "2"), ("A", "3"))


def test_a_number_keeps_its_decimals_unless_digits_would_be_lost() -> None:
    assert written_like("100.00", "80") == "80.00"
    assert written_like("13", "12.5") == "12.5"
    assert written_like("", "5") == "5"
    assert written_like(False, True) is True


def test_a_report_is_compared_by_meaning_and_by_what_it_carries() -> None:
    found = compare(
        {"BatHighCap": "80", "GridCharge": True, "BatUseCap": "10", "ReliefMode": "0"},
        report(BatHighCap="80.0", GridCharge="true").members,
    )
    assert found.unlike == (Unlike("BatUseCap", "10", "13"),)
    assert found.unreported == ("ReliefMode",)


def test_a_stored_configuration_comes_back_member_by_member() -> None:
    text = (
        '{"Status":"Success","SN":"AL1","Generator":"0","On":true,"EmsLanguage":0,"Generator":"0"}'
    )
    assert from_json(text) == (
        ("Status", "Success"),
        ("SN", "AL1"),
        ("Generator", "0"),
        ("On", True),
        ("EmsLanguage", Decimal(0)),
        ("Generator", "0"),
    )


@pytest.mark.parametrize(
    "text", [None, "", "not json", "[]", '"x"', json.dumps({"Status": "Success", "SN": "AL1"})]
)
def test_what_is_no_configuration_is_not_taken_for_one(text: str | None) -> None:
    assert from_json(text) is None
