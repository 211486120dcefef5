from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitmeter.model import Event, Origin, Reading
from mitmeter.store import Batch, Clock, ClockBook, Store
from tests.store.storekit import BATTERY, HUB, LONDON, NOON, live, row, seconds
from tests.store.watch import AUTUMN, UNSET, WINTER, Watch, wall


@pytest.fixture
def watch() -> Watch:
    return Watch()


def ids(events: Sequence[Event]) -> list[str]:
    return [event.eventid for event in events]


def test_all_readings_of_one_message_make_one_moment(watch: Watch) -> None:
    said = [live(wall(NOON), NOON, "1", name) for name in ("battery.soc", "grid.power", "pv.power")]
    (moment,) = watch.feed(*said)
    assert list(moment.readings) == said


def test_each_device_has_a_clock_of_its_own(watch: Watch) -> None:
    watch.run(NOON, 2, fast=-2340)
    other = watch.one(live(wall(NOON), NOON, device=HUB))
    assert other.at == NOON


def test_the_skew_has_the_origin_and_the_source_of_its_cause() -> None:
    made_up = Reading(BATTERY, "battery.soc", Decimal(1), NOON, wall(NOON), origin=Origin.SYNTHETIC)
    dated = ClockBook(LONDON).date([made_up], source="talk/3")
    skew = dated.moments[1].readings[0]
    assert (skew.quantity, skew.reported, skew.origin) == ("clock.skew", None, Origin.SYNTHETIC)
    assert [moment.source for moment in dated.moments] == ["talk/3", "talk/3"]


def test_the_skew_is_told_at_most_every_hour_while_it_stays(watch: Watch) -> None:
    watch.run(NOON, 3 * 360 + 1)
    assert [at for at, _ in watch.skews] == [NOON + seconds(3600 * n) for n in range(4)]


# --- clocks that are not set, clocks that say UTC, no clocks ------------------------------------

FAR = datetime.fromisoformat("2099-12-31T23:59:59")


@pytest.mark.parametrize("absurd", [UNSET, FAR])
def test_an_absurd_time_counts_as_none_and_does_no_harm(watch: Watch, absurd: datetime) -> None:
    watch.run(NOON, 6)
    moments = [
        watch.one(live(absurd + seconds(10 * n), NOON + seconds(60 + 10 * n))) for n in range(3)
    ]
    assert [each.at for each in moments] == [NOON + seconds(60 + 10 * n) for n in range(3)]
    assert {each.clock for each in moments} == {Clock.UNSET_LOCAL}
    assert [each.at for each in watch.run(NOON + seconds(90), 1)] == [NOON + seconds(90)]
    (event,) = watch.events
    assert event.eventid == "mitmeter.clock.unset"
    assert f"{absurd:%Y-%m-%d %H:%M:%S}" in event.message


def test_a_device_that_starts_unset_and_is_then_set_is_right_from_then_on(watch: Watch) -> None:
    watch.one(live(UNSET, NOON))
    assert [each.at for each in watch.run(NOON + seconds(10), 2, fast=-2340)] == [
        NOON + seconds(10),
        NOON + seconds(20),
    ]
    assert ids(watch.events) == ["mitmeter.clock.unset"]


def test_readings_of_two_starts_with_an_unset_clock_both_stay(watch: Watch) -> None:
    starts = [watch.one(live(UNSET, NOON)), watch.one(live(UNSET, NOON + seconds(3600)))]
    assert starts[0].fold != starts[1].fold


def test_a_row_with_an_absurd_time_gets_the_time_of_its_arrival(watch: Watch) -> None:
    first = watch.one(row(UNSET, NOON))
    again = watch.one(row(UNSET, NOON + seconds(60)))
    assert first.at == NOON
    assert (first.clock, first.fold) == (again.clock, again.fold) == (Clock.UNSET_LOCAL, 0)


def test_a_clock_that_says_utc_is_believed_to_within_two_seconds(watch: Watch) -> None:
    said = NOON - seconds(1.5)
    moment = watch.one(live(said, NOON))
    assert (moment.at, moment.clock) == (said, Clock.UTC)


def test_a_clock_that_says_utc_wrongly_is_corrected(watch: Watch) -> None:
    moments = [
        watch.one(live(NOON + seconds(10 * n + 40), NOON + seconds(10 * n))) for n in range(3)
    ]
    assert [each.at for each in moments] == [NOON, NOON + seconds(10), NOON + seconds(20)]
    assert watch.skews == [(NOON, Decimal("40.0"))]


def test_a_time_with_an_offset_is_the_instant_it_names(watch: Watch) -> None:
    said = datetime(2025, 6, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert watch.one(live(said, NOON + seconds(1))).at == NOON


def test_without_a_time_of_its_own_a_reading_is_of_its_arrival(watch: Watch) -> None:
    moment = watch.one(live(None, NOON))
    assert (moment.at, moment.clock, moment.fold) == (NOON, Clock.RECEIVED, 0)
    assert watch.skews == []


# --- deterministic ------------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 0.05, 1, 10, 10, 10, 60, 600, 4000, 90_000]),  # since the one before
        st.sampled_from([0, 0, 0, 0, 5, 100, 300, 5000]),  # held back
        st.sampled_from([0, 0, 0, 0, -60, 60, -3600, 3600, -600, 10_000]),  # the clock is set
        st.sampled_from(["live", "live", "live", "row", "utc", "unset", "none"]),
    ),
    max_size=40,
)


def journal(steps: Sequence[tuple[float, float, float, str]]) -> list[list[Reading]]:
    """Return the readings of each chunk of a device that suffers these steps."""
    chunks = []
    now, fast = AUTUMN - seconds(1800), 0.0
    for passed, held, change, kind in steps:
        now += seconds(passed)
        fast += change
        said: datetime | None = wall(now - seconds(held), fast=fast, zone=WINTER)
        if kind == "utc":
            said = now - seconds(held) + seconds(fast)
        elif kind in ("unset", "none"):
            said = UNSET if kind == "unset" else None
        names = ("battery.soc", "grid.power")
        is_live = kind != "row"
        chunks.append([Reading(BATTERY, each, Decimal(1), now, said, is_live) for each in names])
    return chunks


def outcome(book: ClockBook, chunks: Sequence[Sequence[Reading]]) -> list[object]:
    return [book.date(chunk, f"talk/{number}") for number, chunk in enumerate(chunks)]


@given(steps=STEPS, data=st.data())
def test_stopped_anywhere_and_started_again_it_says_the_same(
    steps: list[tuple[float, float, float, str]], data: st.DataObject
) -> None:
    chunks = journal(steps)
    stop = data.draw(st.integers(0, len(chunks)))
    first = ClockBook(LONDON)
    said = outcome(first, chunks[:stop])
    second = ClockBook(LONDON, first.changed())
    for number, chunk in enumerate(chunks[stop:], stop):
        said.append(second.date(chunk, f"talk/{number}"))
    assert said == outcome(ClockBook(LONDON), chunks)


@given(steps=STEPS)
def test_a_message_given_in_two_halves_is_dated_as_one(
    steps: list[tuple[float, float, float, str]],
) -> None:
    whole, halves = ClockBook(LONDON), ClockBook(LONDON)
    for chunk in journal(steps):
        expected = whole.date(chunk).moments[0]
        for reading in chunk:
            half = halves.date([reading]).moments[0]
            assert (half.at, half.clock, half.fold) == (
                expected.at,
                expected.clock,
                expected.fold,
            )


@given(steps=STEPS)
def test_what_is_remembered_stays_small(steps: list[tuple[float, float, float, str]]) -> None:
    book = ClockBook(LONDON)
    outcome(book, journal(steps))
    for text in book.changed().values():
        assert len(text) < 5_000
        assert json.loads(text).keys() <= {"local", "utc"}


@settings(deadline=None)  # a disk may be slow
@given(steps=STEPS)
def test_the_store_holds_every_moment_once(
    steps: list[tuple[float, float, float, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    book = ClockBook(LONDON)
    moments = [moment for chunk in journal(steps) for moment in book.date(chunk).moments]
    with Store.open(tmp_path_factory.mktemp("clocks") / "store.db") as store:
        first = store.apply(Batch("1", moments=moments))
        again = store.apply(Batch("2", moments=moments))
        assert (again.new, again.doubled) == (0, first.new + first.doubled)


def test_only_devices_met_since_the_last_time_are_told() -> None:
    book = ClockBook(LONDON)
    book.date([live(wall(NOON), NOON), live(wall(NOON), NOON, device=HUB)])
    assert set(book.changed()) == {BATTERY, HUB}
    book.date([live(wall(NOON + seconds(10)), NOON + seconds(10))])
    assert set(book.changed()) == {BATTERY}
    assert book.changed() == {}
