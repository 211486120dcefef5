"""Back-fill: which gap is asked for, when a batch ends, and when to stop asking."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from mitmeter.devices.alphaess.backfill import missing_rows
from mitmeter.devices.alphaess.headend import Headend
from mitmeter.devices.alphaess.messages import History, Login, Message, ServerCommand
from mitmeter.model import DeviceId
from mitmeter.protocol import Command, HeadendContext
from tests.devices.alphaess.alphaess_sayings import (
    BATTERY,
    NOON,
    SERIAL,
    Heard,
    acknowledgement,
    command,
    device_time,
    history,
    shown,
    status,
    success,
)

Span = tuple[datetime, datetime]


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2025-06-01 {text}")


class Store:
    """Holds what was asked of it; the test says which gaps there are."""

    def __init__(self, *spans: Span) -> None:
        self.spans = spans
        self.asked: list[tuple[DeviceId, datetime, datetime, timedelta]] = []

    def gaps(
        self, device: DeviceId, since: datetime, until: datetime, longest: timedelta
    ) -> tuple[Span, ...]:
        self.asked.append((device, since, until, longest))
        return self.spans


class Trap:
    def __init__(self, *spans: Span, control: bool = False) -> None:
        self.store = Store(*spans)
        self.party = Headend(HeadendContext(gaps=self.store.gaps, control=control))
        self.now = NOON

    def hears(self, message: Message, after: float = 1.0) -> Heard:
        self.now += timedelta(seconds=after)
        return Heard(self.party.received(message, self.now))

    def wakes(self, name: str, after: float) -> Heard:
        self.now += timedelta(seconds=after)
        return Heard(self.party.timer(name, self.now))

    def told(self, wish: Command) -> Heard:
        return Heard(self.party.commanded(wish, self.now))

    def live(self) -> Heard:
        """The battery's status, at the moment it is measured."""
        self.now += timedelta(seconds=10)
        return Heard(self.party.received(status(self.now), self.now))


def resumes(heard: Heard) -> list[ServerCommand]:
    return [message for message in heard.said if isinstance(message, ServerCommand)]


GAP: Span = (local("11:50:07"), local("12:00:20"))
ROWS = [GAP[0] + n * timedelta(seconds=60.5) for n in range(1, 11)]


# --- when and what is asked


@pytest.mark.parametrize(
    ("minutes", "count"),
    [(10.0, 9), (10.4, 9), (10.5, 10), (11.0, 10), (1.6, 1), (1.0, 1), (641.7, 641)],
)
def test_the_count_is_the_rounded_minutes_less_one(minutes: float, count: int) -> None:
    assert missing_rows(GAP[0], GAP[0] + timedelta(minutes=minutes)) == count


def test_the_first_live_status_starts_the_search_in_the_batterys_own_time() -> None:
    trap = Trap()
    trap.live()
    now = device_time(trap.now)
    assert trap.store.asked == [(BATTERY, now - timedelta(hours=24), now, timedelta(seconds=70))]


def test_a_gap_is_asked_for_with_the_members_of_a_real_resume() -> None:
    trap = Trap(GAP)
    heard = trap.live()
    assert [message.members for message in resumes(heard)] == [
        (
            ("CmdIndex", "36010000"),
            ("Command", "Resume"),
            ("Parameter1", "2025/06/01 11:50:07"),
            ("Parameter2", "9"),
        )
    ]
    assert heard.said[0] == success(16)
    assert heard.timers == {"backfill.rows": 60.0}


def test_nothing_is_asked_at_the_first_contact_ever() -> None:
    heard = Trap().live()
    assert heard.said == [success(16)]
    assert heard.timers == {"backfill.check": 1800.0}


def test_nothing_is_asked_before_the_batterys_own_time_is_known() -> None:
    trap = Trap(GAP)
    assert resumes(trap.hears(Login((("UserName", SERIAL),)))) == []
    assert trap.store.asked == []


def test_a_reconnect_without_login_is_filled_too() -> None:
    assert len(resumes(Trap(GAP).live())) == 1


def test_the_search_starts_once_and_is_repeated_every_half_hour() -> None:
    trap = Trap()
    trap.live()
    trap.live()
    assert len(trap.store.asked) == 1
    trap.store.spans = (GAP,)
    heard = trap.wakes("backfill.check", after=1790)
    assert len(resumes(heard)) == 1
    assert trap.store.asked[1][2] == device_time(trap.now)


def test_the_oldest_gap_comes_first_and_one_batch_at_a_time() -> None:
    later: Span = (local("12:05:00"), local("12:09:00"))
    trap = Trap(GAP, later)
    assert resumes(trap.live())[0].get("Parameter1") == "2025/06/01 11:50:07"
    assert resumes(trap.live()) == []
    assert trap.wakes("backfill.check", after=1).actions == []


def test_a_gap_is_asked_for_no_further_back_than_a_day() -> None:
    trap = Trap((local("12:00:20") - timedelta(days=9), local("12:00:20")))
    (asked,) = resumes(trap.live())
    assert asked.get("Parameter1") == shown(device_time(trap.now) - timedelta(hours=24))
    assert asked.get("Parameter2") == "1439"


@pytest.mark.parametrize("told", ["0001/01/01 00:00:00", "9999/12/31 23:59:59", "nonsense"])
def test_a_clock_that_shows_nonsense_starts_no_search_until_it_shows_time(told: str) -> None:
    trap = Trap(GAP)
    broken = status(trap.now)
    members = (("Time", told), *broken.members[1:])
    assert trap.hears(type(broken)(members)).said == [success(16)]
    assert len(resumes(trap.live())) == 1


# --- how a batch ends


def test_every_frame_of_rows_is_answered_and_the_batch_goes_on() -> None:
    trap = Trap(GAP)
    trap.live()
    heard = trap.hears(history(*ROWS[:3]))
    assert heard.said == [success(12)]
    assert heard.timers == {"backfill.rows": 60.0}
    assert heard.events == []


def test_a_batch_ends_when_its_rows_have_arrived_and_the_gaps_are_checked_again() -> None:
    trap = Trap(GAP)
    trap.live()
    for first in (0, 3):
        trap.hears(history(*ROWS[first : first + 3]))
    heard = trap.hears(history(*ROWS[6:9]))
    (event,) = heard.events
    assert event.eventid == "mitmeter.alphaess.backfill"
    assert event.device == BATTERY
    assert event.fields == {
        "since": "2025-06-01T11:50:07",
        "until": "2025-06-01T12:00:20",
        "asked": 9,
        "arrived": 9,
        "closed": True,
    }
    assert "9 rows asked, 9 arrived; the gap is closed" in event.message
    assert heard.timers == {"backfill.check": 5.0}
    trap.store.spans = ()
    assert trap.wakes("backfill.check", after=5).timers == {"backfill.check": 1800.0}


def test_a_batch_ends_when_its_rows_have_reached_the_end_of_the_gap() -> None:
    trap = Trap(GAP)
    trap.live()
    heard = trap.hears(history(*ROWS[:5], ROWS[6], GAP[1] - timedelta(seconds=20)))
    (event,) = heard.events
    assert event.fields["arrived"] == 7
    assert event.fields["closed"] is False


def test_a_batch_without_a_new_row_for_a_minute_ends_and_says_what_is_missing() -> None:
    trap = Trap(GAP)
    trap.live()
    trap.hears(history(*ROWS[:3]))
    (event,) = trap.wakes("backfill.rows", after=60).events
    assert event.fields["arrived"] == 3
    assert event.fields["closed"] is False
    assert "no row came for 60 s" in event.message
    assert "still missing 2025-06-01 11:53:08" in event.message


def test_a_hole_among_the_rows_is_named() -> None:
    trap = Trap(GAP)
    trap.live()
    trap.hears(history(*ROWS[:3]))
    trap.hears(history(*ROWS[5:8]))
    (event,) = trap.hears(history(*ROWS[8:10])).events
    assert "still missing 2025-06-01 11:53:08 to 2025-06-01 11:56:10" in event.message


def test_a_row_behind_the_gap_ends_the_batch_and_fills_nothing() -> None:
    trap = Trap(GAP)
    trap.live()
    (event,) = trap.hears(history(GAP[1] + timedelta(seconds=30))).events
    assert event.fields["arrived"] == 0
    assert event.message.endswith("still missing 2025-06-01 11:50:07 to 2025-06-01 12:00:20")


def test_rows_of_another_time_do_not_count() -> None:
    trap = Trap(GAP)
    trap.live()
    heard = trap.hears(history(*[row - timedelta(hours=1) for row in ROWS]))
    assert heard.said == [success(12)]
    assert heard.timers == {}
    assert heard.events == []


@pytest.mark.parametrize(
    "frame",
    [
        History(("Date", "Time", "SN"), (("2025/13/41", "11:51:08", SERIAL),)),
        History(("Date", "Time", "SN"), (("2025/06/01",),)),
        History(("SN", "Ppv1"), ((SERIAL, "1510"),)),
        History((), ()),
    ],
)
def test_rows_that_tell_no_time_are_answered_and_otherwise_ignored(frame: History) -> None:
    trap = Trap(GAP)
    trap.live()
    heard = trap.hears(frame)
    assert heard.said == [success(12)]
    assert heard.timers == {}


def test_rows_nobody_asked_for_are_answered() -> None:
    trap = Trap()
    trap.live()
    heard = trap.hears(history(*ROWS[:3]))
    assert heard.said == [success(12)]
    assert len(heard.actions) == 1


def test_an_acknowledgement_of_resume_changes_nothing() -> None:
    trap = Trap(GAP)
    (asked,) = resumes(trap.live())
    assert trap.hears(acknowledgement(asked)).actions == []


def test_a_refused_resume_ends_the_batch() -> None:
    trap = Trap(GAP)
    (asked,) = resumes(trap.live())
    (event,) = trap.hears(acknowledgement(asked, "Failed")).events
    assert "answered Failed" in event.message


# --- when to stop asking


def test_the_rest_of_a_gap_is_asked_for_after_part_of_it_came() -> None:
    trap = Trap(GAP)
    trap.live()
    trap.hears(history(*ROWS[:3]))
    trap.wakes("backfill.rows", after=60)
    trap.store.spans = ((local("11:53:08"), GAP[1]),)
    (asked,) = resumes(trap.wakes("backfill.check", after=5))
    assert asked.get("Parameter1") == "2025/06/01 11:53:08"
    assert asked.get("Parameter2") == "6"


def test_a_gap_asked_twice_without_a_row_is_not_asked_again_and_the_next_one_is() -> None:
    later: Span = (local("12:05:00"), local("12:09:00"))
    trap = Trap(GAP, later)
    asked = [resumes(trap.live())]
    for _ in range(4):
        trap.wakes("backfill.rows", after=60)
        asked.append(resumes(trap.wakes("backfill.check", after=5)))
    starts = [message.get("Parameter1") for messages in asked for message in messages]
    assert starts == ["2025/06/01 11:50:07"] * 2 + ["2025/06/01 12:05:00"] * 2
    assert asked[-1] == []


def test_a_gap_older_than_a_day_is_given_up_although_its_start_moves() -> None:
    trap = Trap((local("12:00:20") - timedelta(days=9), local("12:00:20")))
    asked = len(resumes(trap.live()))
    for _ in range(5):
        trap.wakes("backfill.rows", after=60)
        asked += len(resumes(trap.wakes("backfill.check", after=5)))
    assert asked == 2


def test_a_battery_whose_rows_never_fill_the_gap_is_not_asked_for_ever() -> None:
    trap = Trap(GAP)
    asked = len(resumes(trap.live()))
    for _ in range(5):
        trap.hears(history(ROWS[4]))
        trap.wakes("backfill.rows", after=60)
        asked += len(resumes(trap.wakes("backfill.check", after=5)))
    assert asked == 2


def test_a_new_conversation_asks_again() -> None:
    trap = Trap(GAP)
    trap.live()
    assert len(resumes(Trap(GAP).live())) == 1


# --- an operator's wish


def test_an_operator_can_ask_for_rows() -> None:
    trap = Trap(control=True)
    trap.live()
    heard = trap.told(command("resume", from_="2025/06/01T11:50:07", rows="2"))
    (asked,) = resumes(heard)
    assert asked.get("Parameter1") == "2025/06/01 11:50:07"
    assert asked.get("Parameter2") == "2"
    done = trap.hears(history(*ROWS[:2]))
    assert done.answer.accepted
    assert "2 rows asked, 2 arrived" in done.answer.text


def test_an_operators_rows_that_do_not_come_are_said_so() -> None:
    trap = Trap(control=True)
    trap.live()
    trap.told(command("resume", from_="2025/06/01T11:50:07", rows="2"))
    assert not trap.wakes("backfill.rows", after=60).answer.accepted


def test_an_operators_rows_wait_for_no_other_batch() -> None:
    trap = Trap(GAP, control=True)
    trap.live()
    heard = trap.told(command("resume", from_="2025/06/01T11:50:07", rows="2"))
    assert resumes(heard) == []
    assert heard.answer.text == "rows are being fetched already"
