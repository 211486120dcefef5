"""Counters that never tell an untruth: small dips are held, impossible steps wait for a witness.

Home Assistant takes a counter that falls below nine tenths of what it was for a new one that began
at 0, and counts all that is on it as used [O]. So a false reading, once published, is in its
statistics for good. No I/O and no clock in here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, auto

_ZERO = Decimal(0)
# What any house may use at once, and per hour, in kWh, m³ or kvarh: 100 kW is more than three
# phases of 125 A carry. [A]
_STEP = Decimal(10)
_PER_HOUR = Decimal(100)
# Back by no more than this is a correction, or a value that overtook another; it comes forward
# again.
_DIP = Decimal(1)
_NINE_TENTHS = Decimal("0.9")
_HOUR_US = 3_600_000_000
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Counter:
    """What is believed of one counter.

    value, at: the newest reading that is believed.
    offset:    added to the readings, the counter runs on over a changed meter as if it were one.
    doubted:   the newest reading that is not believed, None when there is none; doubted_at: its
               time. dipped: it is a small step back, which is only waited out.
    """

    value: Decimal
    at: datetime
    offset: Decimal = _ZERO
    doubted: Decimal | None = None
    doubted_at: datetime | None = None
    dipped: bool = False

    @property
    def running(self) -> Decimal:
        """The reading with the offset: it never falls but where the counter began again at 0."""
        return self.value + self.offset


class Verdict(Enum):
    """What became of a reading."""

    TAKEN = auto()
    OLD = auto()
    """Not newer than what is known, or no number."""
    DIP = auto()
    """A small step back: held."""
    DOUBTED = auto()
    """An impossible step: waits for a reading that agrees with it."""
    STILL = auto()
    """As little believed as the one before it."""
    CHANGED = auto()
    """Impossible, and confirmed: another meter, or the counter was set."""


def weigh(held: Counter | None, value: Decimal, at: datetime) -> tuple[Counter | None, Verdict]:
    """Return what is believed after a reading, and what became of it."""
    if not value.is_finite():
        return held, Verdict.OLD
    if held is None:
        return Counter(value, at), Verdict.TAKEN
    if at <= held.at or (held.doubted_at is not None and at <= held.doubted_at):
        return held, Verdict.OLD
    if _follows(held.value, held.at, value, at):
        return Counter(value, at, held.offset), Verdict.TAKEN
    if _is_dip(held, value):
        verdict = Verdict.STILL if held.dipped else Verdict.DIP
        return replace(held, doubted=value, doubted_at=at, dipped=True), verdict
    if held.doubted is None or held.doubted_at is None or held.dipped:
        return replace(held, doubted=value, doubted_at=at, dipped=False), Verdict.DOUBTED
    # Nothing but zeros is what a device shows that has not read its meter yet.
    if value > 0 and _follows(held.doubted, held.doubted_at, value, at):
        return _changed(held, held.doubted, value, at), Verdict.CHANGED
    return replace(held, doubted=value, doubted_at=at), Verdict.STILL


def confirm(held: Counter) -> Counter:
    """Believe what was doubted, because it is known that the meter was changed."""
    if held.doubted is None or held.doubted_at is None or held.dipped:
        return held
    return _changed(held, held.doubted, held.doubted, held.doubted_at)


def _follows(before: Decimal, since: datetime, value: Decimal, at: datetime) -> bool:
    """Tell whether a house may have used so much between two readings."""
    return 0 <= value - before <= _room(since, at)


def _room(since: datetime, at: datetime) -> Decimal:
    return _STEP + _PER_HOUR * ((at - since) // _MICROSECOND) / _HOUR_US


def _is_dip(held: Counter, value: Decimal) -> bool:
    return 0 < held.value - value <= _DIP and value >= held.value * _NINE_TENTHS


def _changed(held: Counter, first: Decimal, value: Decimal, at: datetime) -> Counter:
    """Return the counter as it goes on; first: the reading that was doubted at first.

    One that began again at 0 is published as it is: Home Assistant sees a new cycle and counts
    what is on it, which is right. Any other step is nobody's energy: the offset hides it.
    """
    began_again = 0 <= value <= _room(held.at, at) and value < held.running * _NINE_TENTHS
    offset = _ZERO if began_again else held.running - first
    return Counter(value, at, offset)
