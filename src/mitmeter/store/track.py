"""One clock of one device: what its own time is worth, in microseconds throughout.

A live message that says r and is received at t gives the sample r − t: the clock's offset, made
smaller by however long the message was held back, never larger. So an estimate is a largest sample,
and it is kept over an *era*, the time between two settings of the clock:

- a sample beyond the estimate by JUMP cannot be lateness: the clock went forward, a new era begins;
- a sample short of it by JUMP may be lateness, so it takes two messages in a row that agree, spaced
  in arrival as in the device's own time (what was held back arrives closer together), to show that
  the clock went back. One is enough where the clock runs back by just what the site's zone does;
- a smaller step is taken for lateness at first and for drift when it lasts: within an era the
  estimate rises with a message that came at its own pace, and is measured anew every hour.

A clock set back says the same times again. A live reading of such a time gets a fold: the number of
earlier eras that had said it. A row out of the device's memory does not tell which time it means;
it always counts as the first, fold 0, so that it stays the same row however often it is sent.

No clock is read here, and nothing but the order of messages matters, so that decoding a journal
again gives the same times again. What a message changes it changes once: the same message given
twice in succession is judged twice the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

SECOND = 1_000_000
JUMP = 120 * SECOND
ABSURD = 400 * 86_400 * SECOND
HOUR = 3_600 * SECOND
_PACE_TOLERANCE = 2 * SECOND
_ZONE_TOLERANCE = 30 * SECOND
_UTC_TOLERANCE = 2 * SECOND
_SILENCE = 6 * HOUR
_ENOUGH_SAMPLES = 6
_KEPT_ERAS = 32

ZoneOffset = Callable[[int], int]


@dataclass(slots=True)
class Era:
    """The time between two settings of the clock.

    offset:      the clock minus UTC.
    zone:        the site's zone minus UTC when the era began.
    first, last: the least and the greatest time the clock is known to have said.
    settled:     a second message has confirmed the offset; before, a larger sample only shows that
                 the first one was late.
    """

    offset: int
    zone: int
    first: int
    last: int
    settled: bool = False


@dataclass(slots=True)
class State:
    """All that is remembered of one clock; integers, so that it survives as JSON unchanged.

    reported, received: the newest live message that went forward in time.
    late_*:             a message that may be the first after the clock went back.
    window_*:           samples since the last hourly measurement.
    skew_*:             when the skew was last told, and the offset it told.
    """

    eras: list[Era] = field(default_factory=list)
    reported: int = 0
    received: int = 0
    late_reported: int | None = None
    late_received: int = 0
    window_since: int = 0
    window_best: int = 0
    window_count: int = 0
    skew_told: int | None = None
    skew_offset: int = 0
    unset_told: bool = False


@dataclass(frozen=True, slots=True)
class Jump:
    """The clock was set: offsets before and after."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """When a message's readings were taken, by UTC; which repetition of the clock's time it was.

    unset: the clock is nowhere near the present, and `at` is when the message was received.
    jump:  this message showed that the clock was set.
    first_unset: the first message of an unset clock since the clock was last set.
    """

    at: int
    fold: int = 0
    unset: bool = False
    jump: Jump | None = None
    first_unset: bool = False


class Track:
    """Follows one clock.

    zone_at:   the site's offset from UTC at an instant.
    zone_wall: the same at a local time.
    utc:       the clock means UTC; then it is believed to within two seconds.
    """

    def __init__(
        self, zone_at: ZoneOffset, zone_wall: ZoneOffset, *, utc: bool, state: State | None = None
    ) -> None:
        self._zone_at = zone_at
        self._zone_wall = zone_wall
        self._utc = utc
        self.state = State() if state is None else state

    def live(self, reported: int, received: int, best: int) -> Judgement:
        """Judge a message sent when it was made.

        best: the largest sample among the messages that arrived together with this one; it is what
              the first era starts with, so that messages held back before it keep their distances.
        """
        sample = reported - received
        if abs(sample) > ABSURD:
            return self._unset(received, fold=received)
        state = self.state
        if not state.eras:
            self._begin(max(sample, best), reported, received)
            return self._dated(reported)
        era = state.eras[-1]
        ahead = sample - era.offset
        if ahead >= JUMP and era.settled:
            return self._jumped(sample, reported, received)
        if ahead > -JUMP:
            self._measure(era, sample, reported, received)
            return self._dated(reported)
        if self._followed_the_zone(era, ahead, reported, received):
            return self._jumped(sample, reported, received)
        if self._confirms_the_last(reported, received):
            late = (state.late_reported or 0) - state.late_received
            judged = self._jumped(max(sample, late), reported, received)
            state.eras[-1].settled = True
            return judged
        return self._late(reported, received)

    def row(self, reported: int, received: int) -> Judgement:
        """Judge a row out of the device's memory."""
        if abs(reported - received) > ABSURD:
            return self._unset(received, fold=0)
        eras = self.state.eras
        if eras:
            era = self._era_of_row(reported)
            self._widen(era, reported, received)
            at = self._at(reported, era.offset)
        else:
            at = reported - self._zone_wall(reported)
        # Nothing is measured after it was received: the clock was set, to what is not known yet.
        return Judgement(at if at <= received + JUMP else received)

    def skew_due(self, received: int) -> int | None:
        """Return the clock minus true site time when it is to be told: on change, and hourly."""
        state = self.state
        if not state.eras:
            return None
        offset = state.eras[-1].offset
        if (
            state.skew_told is not None
            and received - state.skew_told < HOUR
            and abs(offset - state.skew_offset) < SECOND
        ):
            return None
        state.skew_told, state.skew_offset = received, offset
        return offset - self._zone_at(received)

    def zone_at(self, received: int) -> int:
        return self._zone_at(received)

    def _at(self, reported: int, offset: int) -> int:
        return reported if self._utc and abs(offset) <= _UTC_TOLERANCE else reported - offset

    def _dated(self, reported: int) -> Judgement:
        """Judge a live time to be of the present era."""
        eras = self.state.eras
        era = eras[-1]
        fold = 0
        for earlier in eras[:-1]:
            fold += earlier.first <= reported <= earlier.last
        if reported > era.last:
            era.last = reported
        elif reported < era.first:
            era.first = reported
        return Judgement(self._at(reported, era.offset), fold)

    def _begin(self, offset: int, reported: int, received: int) -> None:
        state = self.state
        state.eras.append(Era(offset, self._zone_at(received), reported, reported))
        del state.eras[:-_KEPT_ERAS]
        state.reported, state.received = reported, received
        state.late_reported = None
        state.window_since, state.window_best, state.window_count = received, offset, 1
        state.unset_told = False

    def _jumped(self, offset: int, reported: int, received: int) -> Judgement:
        before = self.state.eras[-1].offset
        self._begin(offset, reported, received)
        judged = self._dated(reported)
        return Judgement(judged.at, judged.fold, jump=Jump(before, offset))

    def _measure(self, era: Era, sample: int, reported: int, received: int) -> None:
        """Learn from a sample that the present era explains."""
        state = self.state
        ahead = sample - era.offset
        since, passed = reported - state.reported, received - state.received
        if since <= 0:
            return  # said before, or out of order: later than it need be
        # What was held back arrives faster than it was made, and says nothing of the clock.
        at_its_pace = 2 * passed >= since
        if ahead >= JUMP:
            era.offset = sample
        elif at_its_pace:
            era.settled = True
            era.offset = max(era.offset, sample)
            self._measure_hourly(era, sample, received)
        state.reported, state.received = reported, received
        state.late_reported = None

    def _measure_hourly(self, era: Era, sample: int, received: int) -> None:
        state = self.state
        if received - state.received > _SILENCE:
            # The samples before are of another day; a handful of new ones will do.
            state.window_since, state.window_best, state.window_count = received - HOUR, sample, 1
            return
        state.window_best = max(state.window_best, sample)
        state.window_count += 1
        if received - state.window_since >= HOUR and state.window_count >= _ENOUGH_SAMPLES:
            era.offset = state.window_best
            state.window_since, state.window_best, state.window_count = received, sample, 1

    def _followed_the_zone(self, era: Era, ahead: int, reported: int, received: int) -> bool:
        if reported >= self.state.reported:
            return False
        step = self._zone_at(received) - era.zone
        return step < 0 and abs(ahead - step) <= _ZONE_TOLERANCE

    def _confirms_the_last(self, reported: int, received: int) -> bool:
        state = self.state
        if state.late_reported is None:
            return False
        since, passed = reported - state.late_reported, received - state.late_received
        return since > 0 and abs(since - passed) <= _PACE_TOLERANCE and 2 * passed >= since

    def _late(self, reported: int, received: int) -> Judgement:
        """Judge a message that was held back for long, or is the first of a clock set back."""
        state = self.state
        if reported != state.late_reported:
            state.late_reported, state.late_received = reported, received
        if reported < state.reported:
            # A clock does not run back. Most likely it was set, and the next message will show it;
            # if it is an old message again instead, fold 0 finds the one that is held.
            return Judgement(received)
        state.reported, state.received = reported, received
        return self._dated(reported)

    def _era_of_row(self, reported: int) -> Era:
        """Return the first era that said this time, else the newest that ended before it."""
        eras = self.state.eras
        for era in eras:
            if era.first <= reported <= era.last:
                return era
        for era in reversed(eras):
            if era.last < reported:
                return era
        return eras[0]

    def _widen(self, era: Era, reported: int, received: int) -> None:
        """Count a row as said by the newest era; earlier ones stay, for folds were told by them."""
        eras = self.state.eras
        if era is not eras[-1]:
            return
        if era.last < reported <= received + era.offset + JUMP:
            era.last = reported
        elif reported < era.first and len(eras) == 1:
            era.first = reported

    def _unset(self, received: int, fold: int) -> Judgement:
        """Judge the time of a clock that is not set.

        It may say the same times after every start, so a live message is told apart by its arrival,
        as its fold, and readings of two starts both stay.
        """
        first = not self.state.unset_told
        self.state.unset_told = True
        return Judgement(received, fold, unset=True, first_unset=first)


_NUMBERS = tuple(each.name for each in fields(State) if each.name != "eras")


def dump(state: State) -> dict[str, Any]:
    """Return the state as plain JSON values. Done for every device of every batch, so by hand."""
    plain: dict[str, Any] = {name: getattr(state, name) for name in _NUMBERS}
    plain["eras"] = [[era.offset, era.zone, era.first, era.last, era.settled] for era in state.eras]
    return plain


def load(plain: dict[str, Any]) -> State:
    """Return the state `dump` was given."""
    return State(**{**plain, "eras": [Era(*era) for era in plain["eras"]]})
