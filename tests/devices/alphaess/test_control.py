"""An operator's words: what they change, and why they are refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal

import pytest

from mitmeter.devices.alphaess.control import (
    COMMANDS,
    Refusal,
    Rows,
    Wish,
    end_hour,
    rows,
    unknown_command,
    wish,
)
from mitmeter.devices.alphaess.messages import Json, Members
from tests.devices.alphaess.alphaess_sayings import server_configuration

HELD = server_configuration()
LOCAL = datetime.fromisoformat("2025-06-01 18:45:00")


def charge(**arguments: str) -> Wish | Refusal:
    return charge_on(HELD, arguments)


def charge_on(configuration: Members, arguments: Mapping[str, str]) -> Wish | Refusal:
    named = {key.rstrip("_").replace("_", "-"): value for key, value in arguments.items()}
    return wish("charge-from-grid", named, configuration, LOCAL)


def changes(found: Wish | Refusal) -> dict[str, Json]:
    assert isinstance(found, Wish), found
    return dict(found.changes)


def reason(found: Wish | Refusal | Rows) -> str:
    assert isinstance(found, Refusal), found
    return found.reason


@pytest.mark.parametrize(
    ("start", "minutes", "ends"),
    [(time(18, 45), 10, 19), (time(18, 45), 30, 20), (time(1), 59, 2), (time(1), 60, 3)],
)
def test_a_window_ends_by_the_documented_rule(start: time, minutes: int, ends: int) -> None:
    assert end_hour(start, minutes) == ends


def test_a_window_may_pass_midnight() -> None:
    assert end_hour(time(22, 30), 30) == 0


def test_charging_from_the_grid_sets_the_second_window_and_the_modes_that_go_with_it() -> None:
    assert changes(charge(from_="1", until="5", stop_at="80")) == {
        "GridCharge": True,
        "TimeChaF2": "1",
        "TimeChaE2": "5",
        "BatHighCap": "80",
        "BatUseCap": "10",
        "CtrDis": False,
        "GridChargeWE": False,
        "BatHighCapWE": "0",
        "BatUseCapWE": "0",
        "CtrDisWE": False,
        "BatReady": "0",
        "SelfUseOrEconomic": "0",
        "ReliefMode": "0",
    }


def test_the_first_window_and_another_reserve_can_be_chosen() -> None:
    found = changes(charge(from_="22", until="24", stop_at="90.5", window="1", reserve="20"))
    assert (found["TimeChaF1"], found["TimeChaE1"]) == ("22", "24")
    assert (found["BatHighCap"], found["BatUseCap"]) == ("90.5", "20")
    assert "TimeChaF2" not in found


def test_charging_from_now_on_ends_by_the_documented_rule() -> None:
    found = changes(charge(from_="now", for_="30", stop_at="50"))
    assert (found["TimeChaF2"], found["TimeChaE2"]) == ("18", "20")


def test_a_duration_below_ten_minutes_counts_as_thirty() -> None:
    assert changes(charge(from_="now", for_="9", stop_at="50"))["TimeChaE2"] == "20"
    assert changes(charge(from_="now", for_="10", stop_at="50"))["TimeChaE2"] == "19"


def test_disabling_ends_the_window_in_the_hour_it_begins_and_changes_nothing_else() -> None:
    found = charge(from_="1", until="5", enabled="false")
    assert changes(found) == {"GridCharge": False, "TimeChaF2": "1", "TimeChaE2": "1"}


def test_disabling_without_hours_takes_the_hour_the_battery_has() -> None:
    held = server_configuration(TimeChaF2="3", TimeChaE2="6")
    found = charge_on(held, {"enabled": "false"})
    assert changes(found) == {"GridCharge": False, "TimeChaF2": "3", "TimeChaE2": "3"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"until": "5", "stop_at": "80"}, "from=… is missing"),
        ({"from_": "1", "stop_at": "80"}, "either until=HOUR or for=MINUTES"),
        ({"from_": "1", "until": "5", "for_": "60", "stop_at": "80"}, "either until=HOUR"),
        ({"from_": "1", "until": "5"}, "stop-at=… is missing"),
        ({"from_": "25", "until": "5", "stop_at": "80"}, "from=25"),
        ({"from_": "-1", "until": "5", "stop_at": "80"}, "from=-1"),
        ({"from_": "1", "until": "25", "stop_at": "80"}, "until=25"),
        ({"from_": "1.5", "until": "5", "stop_at": "80"}, "from=1.5"),
        ({"from_": "1", "until": "1", "stop_at": "80"}, "no length"),
        ({"from_": "1", "until": "5", "stop_at": "101"}, "stop-at=101"),
        ({"from_": "1", "until": "5", "stop_at": "nan"}, "stop-at=nan"),
        ({"from_": "1", "until": "5", "stop_at": "80%"}, "stop-at=80%"),
        ({"from_": "1", "until": "5", "stop_at": "10"}, "more than the reserve"),
        ({"from_": "1", "until": "5", "stop_at": "80", "window": "3"}, "window=3"),
        ({"from_": "1", "until": "5", "stop_at": "80", "enabled": "perhaps"}, "enabled=perhaps"),
        ({"from_": "1", "until": "5", "stopat": "80"}, "did you mean stop-at?"),
    ],
)
def test_a_wrong_charging_command_is_refused_naming_what_is_wrong(
    arguments: dict[str, str], says: str
) -> None:
    assert says in reason(charge(**arguments))


def test_now_is_refused_when_the_sites_time_zone_is_not_known() -> None:
    found = wish("charge-from-grid", {"from": "now", "for": "60", "stop-at": "80"}, HELD, None)
    assert "time zone" in reason(found)


def test_any_member_of_the_configuration_can_be_set() -> None:
    found = wish(
        "set",
        {
            "SetFeed": "50",
            "GridCharge": "true",
            "FAAEnable": "8",
            "EmsLanguage": "2",
            "VPPMode": "1",
        },
        HELD,
        LOCAL,
    )
    assert changes(found) == {
        "SetFeed": "50",
        "GridCharge": True,
        "FAAEnable": "8",
        "EmsLanguage": Decimal(2),
        "VPPMode": "1",
    }


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("GridChrge", "true", "did you mean GridCharge"),
        ("gridcharge", "true", "did you mean GridCharge"),
        ("Zzz", "1", "not a known member"),
        ("SN", "AL1", "serial number"),
        ("Status", "Success", "not a setting"),
        ("BMSVersion", "V2", "cannot be set"),
        ("GridCharge", "maybe", "true or false"),
        ("TimeChaF1", "25", "TimeChaF1=25"),
        ("BatUseCap", "101", "BatUseCap=101"),
        ("Popv", "nine", "a number is expected"),
        ("Popv", "1e5", "a number is expected"),
        ("EmsLanguage", "en", "a number is expected"),
        ("Address", 'a "quoted" street', "quotes"),
        ("Address", "x" * 101, "100 plain ASCII"),
        ("Address", "Straße", "ASCII"),
    ],
)
def test_a_wrong_setting_is_refused_naming_what_is_wrong(name: str, value: str, says: str) -> None:
    assert says in reason(wish("set", {name: value}, HELD, LOCAL))


def test_setting_nothing_is_refused() -> None:
    assert "at least one member" in reason(wish("set", {}, HELD, LOCAL))


def test_private_values_are_not_repeated_in_words() -> None:
    found = wish("set", {"Address": "2 Hidden Lane", "SetFeed": "50"}, HELD, LOCAL)
    assert isinstance(found, Wish)
    assert found.words == "set Address=… SetFeed=50"


def test_rows_are_asked_for_by_moment_and_count() -> None:
    found = rows({"from": "2025/06/01T11:50:07", "rows": "20"})
    assert found == Rows(datetime.fromisoformat("2025-06-01 11:50:07"), 20)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"rows": "20"}, "from=… is missing"),
        ({"from": "2025/06/01T11:50:07"}, "rows=… is missing"),
        ({"from": "2025/02/30T11:50:07", "rows": "1"}, "no moment"),
        ({"from": "9999/12/31T23:59:59", "rows": "1"}, "no moment"),
        ({"from": "2025/06/01T11:50:07", "rows": "0"}, "rows=0"),
        ({"from": "2025/06/01T11:50:07", "row": "1"}, "did you mean rows?"),
    ],
)
def test_a_wrong_wish_for_rows_is_refused(arguments: dict[str, str], says: str) -> None:
    assert says in reason(rows(arguments))


def test_an_unknown_command_is_refused_with_the_nearest_one() -> None:
    assert "did you mean charge-from-grid?" in unknown_command("charge-grid").reason
    assert "there is charge-from-grid, set" in unknown_command("explode").reason


def test_every_command_says_how_it_is_written() -> None:
    assert [each.name for each in COMMANDS] == ["charge-from-grid", "set", "sync-time", "resume"]
    assert all(each.summary for each in COMMANDS)
