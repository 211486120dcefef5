from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from mitmeter.model import Severity
from mitmeter.store import Clock, ClockBook
from tests.store.storekit import LONDON, NOON, live, row, seconds
from tests.store.watch import AUTUMN, SPRING, SUMMER, WINTER, Watch, wall


@pytest.fixture
def watch() -> Watch:
    return Watch()


# --- within one era -----------------------------------------------------------------------------


def test_a_clock_that_is_right_gives_the_time_of_arrival(watch: Watch) -> None:
    assert [each.at for each in watch.run(NOON, 3)] == [
        NOON,
        NOON + seconds(10),
        NOON + seconds(20),
    ]
    assert watch.skews == [(NOON, Decimal("0.0"))]
    assert watch.events == []


def test_a_clock_39_minutes_slow_is_corrected_and_its_skew_told(watch: Watch) -> None:
    moments = watch.run(NOON, 3, fast=-2340)
    assert moments[0].readings[0].reported == datetime.fromisoformat("2025-06-01T12:21:00")
    assert [each.at for each in moments] == [NOON, NOON + seconds(10), NOON + seconds(20)]
    assert watch.skews == [(NOON, Decimal("-2340.0"))]


def test_messages_that_were_held_back_keep_their_distances(watch: Watch) -> None:
    watch.run(NOON, 6)
    together = NOON + seconds(160)
    sent = [NOON + seconds(60 + 10 * number) for number in range(10)]
    moments = watch.feed(*(live(wall(at), together) for at in sent))
    assert [each.at for each in moments] == sent
    assert watch.events == []


def test_messages_held_back_and_answered_one_by_one_keep_their_distances(watch: Watch) -> None:
    watch.run(NOON, 6)
    sent = [NOON + seconds(60 + 10 * number) for number in range(60)]
    arrived = [NOON + seconds(660) + seconds(0.05 * number) for number in range(60)]
    moments = [watch.one(live(wall(at), got)) for at, got in zip(sent, arrived, strict=True)]
    assert [each.at for each in moments] == sent
    assert [each.at for each in watch.run(NOON + seconds(670), 2)] == [
        NOON + seconds(670),
        NOON + seconds(680),
    ]
    assert watch.events == []


def test_the_first_messages_ever_may_come_ten_at_once(watch: Watch) -> None:
    sent = [NOON + seconds(10 * number) for number in range(10)]
    moments = watch.feed(*(live(wall(at), NOON + seconds(90)) for at in sent))
    assert [each.at for each in moments] == sent


def test_the_first_messages_ever_keep_their_distances_when_answered_one_by_one(
    watch: Watch,
) -> None:
    moments = [
        watch.one(live(wall(NOON + seconds(10 * n)), NOON + seconds(90 + 0.05 * n)))
        for n in range(10)
    ]
    # How late the first one was shows only with the next message that is sent on time.
    assert [each.at for each in moments] == [NOON + seconds(90 + 10 * n) for n in range(10)]
    assert [each.at for each in watch.run(NOON + seconds(100), 1)] == [NOON + seconds(100)]
    assert watch.events == []


def test_a_first_message_that_was_late_does_not_make_the_clock_jump(watch: Watch) -> None:
    watch.one(live(wall(NOON), NOON + seconds(300)))
    on_time = watch.run(NOON + seconds(310), 3)
    assert [each.at for each in on_time] == [NOON + seconds(310 + 10 * n) for n in range(3)]
    assert watch.events == []


def test_the_same_status_again_changes_nothing(watch: Watch) -> None:
    watch.run(NOON, 3)
    again = watch.one(live(wall(NOON + seconds(20)), NOON + seconds(30)))
    assert (again.at, again.fold) == (NOON + seconds(20), 0)
    assert [each.at for each in watch.run(NOON + seconds(30), 1)] == [NOON + seconds(30)]


def test_no_live_reading_is_dated_after_its_arrival(watch: Watch) -> None:
    for number, delay in enumerate((0.9, 0.5, 0.1, 0.7, 0.0, 0.3)):
        sent = NOON + seconds(10 * number)
        moment = watch.one(live(wall(sent), sent + seconds(delay)))
        assert sent <= moment.at <= sent + seconds(delay)


def test_80_seconds_in_three_weeks_are_followed_without_a_jump(watch: Watch) -> None:
    weeks = 3 * 7 * 86_400
    for elapsed in range(0, weeks, 60):
        at = NOON + seconds(elapsed)
        moment = watch.one(live(wall(at, fast=-80 * elapsed / weeks), at))
        assert abs(moment.at - at) <= seconds(2)
    assert watch.events == []
    assert watch.skews[0][1] == 0
    assert abs(watch.skews[-1][1] + 80) <= 2
    assert len(watch.skews) <= weeks / 3600 + 100


def test_a_clock_that_gains_is_followed_too(watch: Watch) -> None:
    for elapsed in range(0, 86_400, 60):
        at = NOON + seconds(elapsed)
        moment = watch.one(live(wall(at, fast=elapsed / 1000), at))
        assert abs(moment.at - at) <= seconds(1)
    assert watch.events == []


def test_a_clock_that_lost_a_minute_while_out_of_reach_is_right_after_six_messages(
    watch: Watch,
) -> None:
    watch.run(NOON, 400)
    back = NOON + timedelta(days=21)
    moments = watch.run(back, 10, fast=-80)
    assert [each.at for each in moments[6:]] == [back + seconds(10 * n) for n in range(6, 10)]
    assert watch.events == []


# --- the clock is set ---------------------------------------------------------------------------


def test_a_device_that_follows_daylight_saving_forward_is_right_at_once(watch: Watch) -> None:
    watch.run(SPRING - seconds(60), 6, zone=WINTER)
    moments = watch.run(SPRING, 6, zone=SUMMER)
    assert [each.at for each in moments] == [SPRING + seconds(10 * n) for n in range(6)]
    assert [each.fold for each in moments] == [0] * 6
    assert [value for _, value in watch.skews] == [0, 0]
    (event,) = watch.events
    assert event.eventid == "mitmeter.clock.jumped"
    assert event.severity is Severity.NOTICE
    assert event.message == (
        "clock of alphaess:AL9900000000007 went forward by 3600 s (daylight saving?)"
    )
    assert event.fields == {"change_seconds": 3600, "before_seconds": -3600, "after_seconds": 0}


def test_a_device_that_follows_daylight_saving_back_loses_no_reading(watch: Watch) -> None:
    before = watch.run(AUTUMN - seconds(3600), 360, zone=SUMMER)
    after = watch.run(AUTUMN, 720, zone=WINTER)
    assert [each.at for each in before + after] == [
        AUTUMN + seconds(10 * n - 3600) for n in range(1080)
    ]
    assert {each.fold for each in before} == {0}
    assert [each.fold for each in after] == [1] * 360 + [0] * 360
    assert [event.message for event in watch.events] == [
        "clock of alphaess:AL9900000000007 went back by 3600 s (daylight saving?)"
    ]


@pytest.mark.parametrize(
    ("change", "zone", "skew"), [(SPRING, WINTER, -3600), (AUTUMN, SUMMER, 3600)]
)
def test_a_device_that_ignores_daylight_saving_shows_it_in_its_skew_only(
    watch: Watch, change: datetime, zone: timedelta, skew: int
) -> None:
    start = change - seconds(3600)
    moments = watch.run(start, 1080, zone=zone)
    assert [each.at for each in moments] == [start + seconds(10 * n) for n in range(1080)]
    assert {each.fold for each in moments} == {0}
    assert watch.events == []
    assert [watch.skews[0][1], watch.skews[-1][1]] == [0, skew]


def test_a_clock_set_back_shows_with_its_second_message(watch: Watch) -> None:
    watch.run(NOON, 60)
    set_at = NOON + seconds(600)
    moments = watch.run(set_at, 60, fast=-300)
    assert [each.at for each in moments] == [set_at + seconds(10 * n) for n in range(60)]
    # The first may be an old message again, so it is not told apart; the others are.
    assert [each.fold for each in moments] == [0] + [1] * 29 + [0] * 30
    assert [event.fields["change_seconds"] for event in watch.events] == [-300]
    assert [event.at for event in watch.events] == [set_at + seconds(10)]


def test_a_message_said_twice_does_not_hide_that_the_clock_was_set_back(watch: Watch) -> None:
    watch.run(NOON, 60)
    set_at = NOON + seconds(600)
    said = wall(set_at, fast=-300)
    watch.one(live(said, set_at))
    watch.one(live(said, set_at + seconds(9.9)))
    assert watch.events == []
    watch.run(set_at + seconds(10), 1, fast=-300)
    assert [event.fields["change_seconds"] for event in watch.events] == [-300]


def test_a_time_that_only_a_row_had_said_counts_as_said(watch: Watch) -> None:
    watch.run(NOON, 60)
    watch.one(row(wall(NOON + seconds(660)), NOON + seconds(670)))
    # The first message after may have been held back; the second, of 660 s, shows that it was not.
    after = watch.run(NOON + seconds(1000), 3, fast=-350)
    assert [each.fold for each in after] == [0, 1, 0]


def test_a_clock_set_twice_back_over_the_same_time_counts_its_folds(watch: Watch) -> None:
    watch.run(NOON, 60)
    watch.run(NOON + seconds(600), 60, fast=-600)
    third = watch.run(NOON + seconds(1200), 60, fast=-1200)
    assert [each.fold for each in third] == [0] + [2] * 59


def test_one_old_message_again_does_not_move_the_clock(watch: Watch) -> None:
    watch.run(NOON, 60)
    again = watch.one(live(wall(NOON + seconds(300)), NOON + seconds(595)))
    assert again.fold == 0
    watch.run(NOON + seconds(600), 3)
    assert watch.events == []


def test_old_messages_said_again_one_after_the_other_are_not_the_clock_either(watch: Watch) -> None:
    watch.run(NOON, 60)
    again = [live(wall(NOON + seconds(10 * n)), NOON + seconds(600 + 0.1 * n)) for n in range(20)]
    assert {watch.one(each).fold for each in again} == {0}
    assert [each.at for each in watch.run(NOON + seconds(610), 2)] == [
        NOON + seconds(610),
        NOON + seconds(620),
    ]
    assert watch.events == []


def test_a_clock_set_forward_shows_at_once(watch: Watch) -> None:
    watch.run(NOON, 6)
    moments = watch.run(NOON + seconds(60), 3, fast=500)
    assert [each.at for each in moments] == [NOON + seconds(60 + 10 * n) for n in range(3)]
    assert [event.fields["change_seconds"] for event in watch.events] == [500]
    assert [value for _, value in watch.skews] == [0, 500]


# --- rows out of the device's memory ------------------------------------------------------------


def test_rows_are_corrected_by_the_clock_that_wrote_them(watch: Watch) -> None:
    watch.run(NOON, 6, fast=-2340)
    rows = [NOON - seconds(60 * n) for n in range(1, 4)]
    moments = watch.feed(*(row(wall(at, fast=-2340), NOON + seconds(60)) for at in rows))
    assert [each.at for each in moments] == rows
    assert [each.clock for each in moments] == [Clock.LOCAL] * 3


def test_rows_say_nothing_of_the_clock(watch: Watch) -> None:
    watch.run(NOON, 6)
    watch.one(row(wall(NOON - seconds(7200)), NOON + seconds(60)))
    watch.one(row(wall(NOON - seconds(7140)), NOON + seconds(120)))
    assert [each.at for each in watch.run(NOON + seconds(130), 1)] == [NOON + seconds(130)]
    assert (watch.events, len(watch.skews)) == ([], 1)


def test_rows_before_and_after_a_jump_forward_have_their_own_clocks(watch: Watch) -> None:
    watch.run(NOON, 60)
    watch.run(NOON + seconds(600), 60, fast=1800)
    early = watch.one(row(wall(NOON + seconds(300)), NOON + seconds(1300)))
    late = watch.one(row(wall(NOON + seconds(900), fast=1800), NOON + seconds(1300)))
    assert (early.at, late.at) == (NOON + seconds(300), NOON + seconds(900))


def test_rows_before_any_live_message_take_the_zone_of_the_site(watch: Watch) -> None:
    winter = datetime(2025, 1, 10, 8, tzinfo=UTC)
    assert watch.one(row(wall(NOON - seconds(60)), NOON)).at == NOON - seconds(60)
    assert watch.one(row(wall(winter, zone=WINTER), NOON)).at == winter


@pytest.mark.parametrize("between", ["nothing", "a jump forward", "drift", "set back", "restart"])
def test_a_row_sent_twice_is_the_same_row(between: str) -> None:
    watch = Watch()
    watch.run(NOON, 60)
    said = wall(NOON + seconds(300))
    first = watch.one(row(said, NOON + seconds(600)))
    later = NOON + seconds(610)
    if between == "a jump forward":
        watch.run(later, 60, fast=3600)
    elif between == "drift":
        for number in range(1000):
            at = later + seconds(10 * number)
            watch.one(live(wall(at, fast=-number / 100), at))
    elif between == "set back":
        watch.run(later, 60, fast=-600)
    elif between == "restart":
        watch = Watch(ClockBook(LONDON, watch.book.changed()))
    second = watch.one(row(said, later + seconds(20_000)))
    assert (first.clock, first.fold) == (second.clock, second.fold) == (Clock.LOCAL, 0)


def test_a_row_and_a_status_of_the_same_second_are_of_the_same_pass(watch: Watch) -> None:
    watch.run(NOON, 60)
    assert watch.one(row(wall(NOON + seconds(300)), NOON + seconds(600))).fold == 0


def test_a_row_of_a_doubled_stretch_counts_as_of_the_first_pass(watch: Watch) -> None:
    watch.run(NOON, 60)
    watch.run(NOON + seconds(600), 60, fast=-600)
    doubled = watch.one(row(wall(NOON + seconds(300)), NOON + seconds(1300)))
    assert (doubled.at, doubled.fold) == (NOON + seconds(300), 0)


def test_a_row_is_never_dated_long_after_its_arrival(watch: Watch) -> None:
    watch.run(NOON, 6)
    ahead = watch.one(row(wall(NOON, fast=86_400), NOON + seconds(60)))
    assert ahead.at == NOON + seconds(60)
