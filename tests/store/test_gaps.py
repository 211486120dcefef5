import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mitmeter.store import Batch, Clock, Moment, Store
from tests.store.storekit import BATTERY, HUB, NOON, SAYS_NOON, live, moment, row, seconds

LONGEST = timedelta(seconds=90)
Gap = tuple[datetime, datetime]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db") as opened:
        yield opened


def hold(store: Store, *minutes: float) -> None:
    """Let the store hold readings of these minutes after the device's noon."""
    moments = [
        moment(live(SAYS_NOON + seconds(60 * each), NOON + seconds(60 * each))) for each in minutes
    ]
    store.apply(Batch("1:1", moments=moments))


def minute(number: float) -> datetime:
    return SAYS_NOON + seconds(60 * number)


def gaps(store: Store, since: float, until: float) -> tuple[Gap, ...]:
    return store.gaps(BATTERY, minute(since), minute(until), LONGEST)


def test_a_hole_runs_from_the_last_moment_held_to_the_next(store: Store) -> None:
    hold(store, 0, 1, 2, 7, 8, 20, 21)
    assert gaps(store, 0, 21) == ((minute(2), minute(7)), (minute(8), minute(20)))


def test_what_is_just_as_long_as_allowed_is_no_hole(store: Store) -> None:
    hold(store, 0, 1.5, 3)
    assert gaps(store, 0, 3) == ()


def test_the_time_since_the_last_moment_is_a_hole_up_to_the_end(store: Store) -> None:
    hold(store, 0, 1)
    assert gaps(store, 0, 10) == ((minute(1), minute(10)),)


def test_a_hole_that_began_before_is_given_whole(store: Store) -> None:
    hold(store, 0, 30)
    assert gaps(store, 10, 30) == ((minute(0), minute(30)),)


def test_a_hole_that_goes_on_ends_where_the_question_ends(store: Store) -> None:
    hold(store, 0, 30)
    assert gaps(store, 0, 10) == ((minute(0), minute(10)),)


def test_everything_before_the_first_moment_is_unknown_and_no_hole(store: Store) -> None:
    hold(store, 10, 11)
    assert gaps(store, 0, 11) == ()
    assert gaps(store, 0, 5) == ()


def test_a_device_of_which_nothing_is_held_has_no_holes(store: Store) -> None:
    hold(store, 0, 30)
    assert store.gaps(HUB, minute(0), minute(30), LONGEST) == ()


def test_rows_close_the_hole_they_were_asked_for(store: Store) -> None:
    hold(store, 0, 5)
    rows = [moment(row(minute(each), NOON + seconds(400))) for each in range(1, 5)]
    store.apply(Batch("1:2", moments=rows))
    assert gaps(store, 0, 5) == ()


def test_the_time_of_an_unset_clock_makes_no_hole_of_fifty_years(store: Store) -> None:
    unset = live(datetime.fromisoformat("1970-01-01T00:00:00"), NOON)
    store.apply(Batch("1:1", moments=[Moment([unset], NOON, Clock.UNSET_LOCAL)]))
    hold(store, 0, 1)
    assert gaps(store, 0, 1) == ()


def test_a_device_that_says_utc_is_asked_in_utc(store: Store) -> None:
    noon = datetime(2025, 6, 1, 12, tzinfo=UTC)
    moments = [moment(live(noon + seconds(each), noon + seconds(each))) for each in (0, 60, 600)]
    store.apply(Batch("1:1", moments=moments))
    assert store.gaps(BATTERY, noon, noon + seconds(600), LONGEST) == (
        (noon + seconds(60), noon + seconds(600)),
    )


def test_a_day_of_ten_second_statuses_is_searched_without_being_read_whole(store: Store) -> None:
    hold(store, *(number / 6 for number in range(8640)))
    begun = time.perf_counter()
    assert gaps(store, 0, 1440) == ()
    # 5 ms on a desktop; the bound only catches a search that opens every reading.
    assert time.perf_counter() - begun < 0.5
