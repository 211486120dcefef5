"""The demo's screen, in windows of several sizes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from mitmeter.cli.board import ROWS, Board, Surroundings, bars
from mitmeter.model import DeviceId, Event, Reading, Severity

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
BATTERY = DeviceId("alphaess", "AL9900000000007")
AROUND = Surroundings(
    now=NOON,
    speed=60.0,
    connected=[str(BATTERY)],
    journal_bytes=58_755,
    data="/tmp/mitmeter-demo-x92ijfao",
)
SIZES = [(80, 24), (120, 40), (60, 16), (200, 60), (40, 10)]


def reading(quantity: str, value: str, at: datetime = NOON) -> Reading:
    return Reading(BATTERY, quantity, Decimal(value), at, at=at)


def board(count: int = 30) -> Board:
    """Return a board that has heard `count` minutes of every quantity, and as many events."""
    made = Board(UTC, tick=60.0)
    for minute in range(count):
        at = NOON + timedelta(minutes=minute)
        event = Event("mitmeter.x", at, f"event {minute}, which is told in a {'long ' * 20}line")
        made.heard([event], [reading(name, str(minute - 10), at) for name in ROWS])
        made.advance(at)
    return made


def shown(made: Board, width: int, height: int) -> list[str]:
    return made.screen(width, height, AROUND).plain.split("\n")


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("count", [0, 1, 30])
def test_the_screen_fills_the_window_exactly(width: int, height: int, count: int) -> None:
    lines = shown(board(count), width, height)
    assert len(lines) == height
    assert max(map(len, lines)) <= width


def test_the_dashboards_link_is_whole_in_any_usual_window() -> None:
    link = f"http://127.0.0.1:8480/?token={'x' * 43}"
    lines = Board(UTC, 60.0).screen(80, 24, replace(AROUND, link=link)).plain.split("\n")
    assert len(lines) == 24
    assert lines[2] == f" {link}"


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_that_all_is_simulated_is_said_in_any_window(width: int, height: int) -> None:
    assert shown(board(), width, height)[0].startswith(" all data is simulated")


@pytest.mark.parametrize(("width", "height"), SIZES[:-1])
def test_powers_charge_and_the_newest_event_are_seen_in_any_usual_window(
    width: int, height: int
) -> None:
    text = "\n".join(shown(board(), width, height))
    for name in ("house.power", "pv.power", "grid.power", "battery.power", "battery.soc"):
        assert f" {name} " in text
    assert "event 29" in text


def test_a_row_keeps_to_one_of_several_devices_until_it_falls_silent() -> None:
    display = DeviceId("glow", "02005EFFFE302010")
    made = board(1)
    made.heard([], [replace(reading("grid.power", "77", NOON + MINUTE), device=display)])
    text = next(line for line in shown(made, 80, 24) if " grid.power " in line)
    assert " -10 W" in text
    made.heard([], [replace(reading("grid.power", "78", NOON + 20 * MINUTE), device=display)])
    text = next(line for line in shown(made, 120, 24) if " grid.power " in line)
    assert text.split()[1:5] == ["78", "W", "import", "glow"]


def test_a_row_has_value_unit_direction_and_course() -> None:
    row = next(line for line in shown(board(12), 80, 24) if "battery.power" in line)
    assert row.split() == ["battery.power", "1", "W", "discharging", "▁▁▂▂▃▄▄▅▆▆▇█"]


def test_what_nobody_measures_takes_no_room() -> None:
    made = Board(UTC, tick=60.0)
    made.heard([], [reading("house.power", "1"), reading("gas.volume", "12.345")])
    text = "\n".join(shown(made, 80, 24))
    assert " gas.volume " in text
    assert "12.35 m³" in text or "12.34 m³" in text
    assert "radio.rssi" not in text


def test_all_rows_share_one_axis_of_time_and_begin_when_they_are_known() -> None:
    made = Board(UTC, tick=60.0)
    for minute in range(10):
        at = NOON + timedelta(minutes=minute)
        values = [reading("house.power", str(minute), at)]
        if minute == 4:
            values.append(reading("grid.import", "1", at))
        made.heard([], values)
        made.advance(at)
    power, energy = (
        next(line for line in shown(made, 80, 24) if f" {name} " in line)
        for name in ("house.power", "grid.import")
    )
    assert power.endswith("▁▁▂▃▄▄▅▆▇█")
    assert energy.endswith("▁▁▁▁▁▁")
    assert len(energy) == len(power)


def test_a_long_pause_moves_every_course_on() -> None:
    made = Board(UTC, tick=60.0)
    made.heard([], [reading("house.power", "1")])
    made.advance(NOON)
    made.advance(NOON + timedelta(minutes=5))
    made.advance(NOON + timedelta(minutes=5, seconds=10))
    assert next(line for line in shown(made, 80, 24) if "house.power" in line).endswith(" ▁▁▁▁▁▁")


def test_an_older_reading_does_not_replace_a_newer_one() -> None:
    made = Board(UTC, tick=60.0)
    made.heard([], [reading("house.power", "500")])
    made.heard([], [reading("house.power", "100", NOON - timedelta(minutes=5))])
    row = next(line for line in shown(made, 80, 24) if "house.power" in line)
    assert row.split()[1] == "500"


def test_what_is_severe_says_so_and_ordinary_connections_are_left_out() -> None:
    made = Board(UTC, tick=60.0)
    opened = Event("mitmeter.conversation.opened", NOON, "connection from somewhere")
    made.heard([opened, Event("mitmeter.x", NOON, "it is broken", Severity.ALARM)], [])
    text = "\n".join(shown(made, 80, 24))
    assert "12:00:00  ALARM it is broken" in text
    assert "somewhere" not in text
    assert made.happened == 1


def test_before_anything_is_heard_values_are_dots() -> None:
    row = next(line for line in shown(Board(UTC, 60.0), 80, 24) if "house.power" in line)
    assert row.split() == ["house.power", "…", "W"]


@pytest.mark.parametrize(
    ("course", "drawn"),
    [
        ([], ""),
        ([None, None], ""),
        ([Decimal(5), Decimal(5)], "▁▁"),
        ([Decimal(0), Decimal(7)], "▁█"),
        ([None, Decimal("-1"), Decimal(0), Decimal(1)], " ▁▄█"),
    ],
)
def test_bars_go_from_the_lowest_to_the_highest_shown(
    course: list[Decimal | None], drawn: str
) -> None:
    assert bars(course) == drawn
