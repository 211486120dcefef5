"""A dead letter gives back the very row."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mitmeter.model import DeviceId, Event, Origin, Reading, Severity
from mitmeter.sinks.rows import micros, occurrence_of, occurrence_row, reading_of, reading_row
from mitmeter.sinks.sink import Occurrence

TEXT = st.text(st.characters(codec="utf-8"))
TIMES = st.datetimes(timezones=st.just(UTC))
VALUES = st.decimals(allow_nan=False) | TEXT
DEVICE = DeviceId("glow", "HUB1")


@given(
    value=VALUES,
    received=TIMES,
    reported=st.none() | TIMES | st.datetimes(),
    at=st.none() | TIMES,
    live=st.booleans(),
    origin=st.sampled_from(Origin),
)
def test_a_reading_comes_back_equal(
    value: Decimal | str,
    received: datetime,
    reported: datetime | None,
    at: datetime | None,
    live: bool,
    origin: Origin,
) -> None:
    made = Reading(DEVICE, "grid.power", value, received, reported, live, at, origin, "talk/1")
    again = reading_of(reading_row(made))
    assert again == made
    assert str(again.value) == str(value)  # trailing zeros too


@given(
    message=TEXT,
    severity=st.sampled_from(Severity),
    fields=st.dictionaries(
        TEXT,
        TEXT | st.integers() | st.booleans() | st.lists(st.integers(), min_size=1).map(tuple),
    ),
)
def test_an_event_comes_back_equal(
    message: str, severity: Severity, fields: dict[str, str | int | bool | tuple[int, ...]]
) -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    made = Occurrence(
        7,
        Event("mitmeter.x", at, message, severity, DEVICE, fields),
        "meter",
        "talk",
        "talk/1",
        "glow",
        "trap",
        "192.0.2.7:1",
    )
    assert occurrence_of(occurrence_row(made)) == made


def test_an_instant_is_counted_in_whole_microseconds() -> None:
    assert micros(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == 1_000_005
