"""What a running daemon says."""

import errno
import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from mitmeter.cli.narrate import Narrator, Voice, flow
from mitmeter.model import DeviceId, Event, Reading, Severity

LONDON = ZoneInfo("Europe/London")
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
BATTERY = DeviceId("alphaess", "AL1")


def reading(quantity: str, value: str) -> Reading:
    return Reading(BATTERY, quantity, Decimal(value), NOON)


VALUES = [reading("battery.power", "-1309.5576"), reading("house.power", "334")]


class Said(list[str]):
    """Collects lines; `now` is the narrator's clock."""

    now = 0.0

    def narrator(self, **more: object) -> Narrator:
        return Narrator(self.append, LONDON, clock=lambda: self.now, **more)  # type: ignore[arg-type]


def test_events_are_told_in_the_site_s_time_with_how_severe_they_are() -> None:
    said = Said()
    said.narrator().heard(
        [
            Event("mitmeter.alphaess.login", NOON, "the battery logged in"),
            Event("mitmeter.x", NOON, "it is broken", Severity.ALARM),
        ],
        [],
    )
    assert said == ["13:00:00 the battery logged in", "13:00:00 ALARM it is broken"]


def test_ordinary_openings_and_closings_are_not_told() -> None:
    said = Said()
    opened = Event("mitmeter.conversation.opened", NOON, "connection from 10.0.0.1:5")
    said.narrator().heard([opened], [])
    assert said == []


def test_an_event_that_was_logged_is_not_told_again() -> None:
    said = Said()
    event = Event("mitmeter.x", NOON, "nobody listens there", Severity.WARNING)
    said.narrator(logged=lambda message: message == "nobody listens there").heard([event], [])
    assert said == []


def test_values_of_one_device_make_one_line_rounded() -> None:
    said = Said()
    said.narrator().heard([], VALUES)
    assert said == ["13:00:00 alphaess:AL1  house 334 W, battery -1310 W"]


def test_values_are_told_once_a_second_at_most_however_fast_they_come() -> None:
    said = Said()
    narrator = said.narrator()
    for said.now in (0.0, 0.4, 0.9, 1.1, 1.9):
        narrator.heard([], VALUES)
    assert len(said) == 2


def test_rows_out_of_a_memory_are_no_news() -> None:
    said = Said()
    said.narrator().heard([], [replace(each, live=False) for each in VALUES])
    assert said == []


def test_without_a_pace_no_values_are_told() -> None:
    said = Said()
    said.narrator(every=None).heard([], VALUES)
    assert said == []


@pytest.mark.parametrize(
    ("quantity", "value", "word"),
    [
        ("battery.power", "-12", "charging"),
        ("battery.power", "12", "discharging"),
        ("grid.power", "-12", "export"),
        ("grid.power", "12", "import"),
        ("grid.power", "-0.3", ""),
        ("house.power", "12", ""),
    ],
)
def test_the_sign_of_a_power_is_put_in_a_word(quantity: str, value: str, word: str) -> None:
    assert flow(reading(quantity, value)) == word


class Closed(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_a_voice_nobody_hears_falls_silent_and_tells_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", Closed())
    told: list[str] = []
    voice = Voice(gone=lambda: told.append("gone"))
    voice.say("one")
    voice.say("two")
    assert told == ["gone"]


def test_a_silent_voice_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Voice(silent=True).say("one")
    Voice().say("two")
    assert capsys.readouterr().out == "two\n"
