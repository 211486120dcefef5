"""What a stretch of one series comes to, and how stretches join."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum, auto
from itertools import pairwise
from operator import add, ge, mul, sub

from mitmeter.model import Kind, lean, quantity
from mitmeter.store.scale import (
    AREA_HALF,
    AREA_UNIT,
    BRIDGE,
    NANO,
    Sample,
    areas,
    areas_until,
    divide,
    microwatts,
    nano,
    power,
)

QUARTER = 900_000_000
DAY = 86_400_000_000

_MOST = 2**63 - 1
_HOUR = 3_600_000_000
# More than 10 kWh at more than 1 MW is not used: another meter has begun to speak.
_LEAP = 10 * NANO
_LEAP_PER_HOUR = 1_000 * NANO
_USUAL_STEPS = 4


class Shape(Enum):
    """How the readings of a series become one."""

    COUNTER = auto()
    POWER = auto()
    GAUGE = auto()


def shape_of(name: str) -> Shape:
    """Return a quantity's shape: a vendor's power is told by its name's end."""
    known = quantity(name)
    if known.kind is Kind.COUNTER:
        return Shape.COUNTER
    if known.unit == "W" or name.endswith(".watts"):
        return Shape.POWER
    return Shape.GAUGE


@lean
class Summary:
    """Readings of one series in one stretch of time; see the table `quarters`."""

    count: int
    first_at: int
    last_at: int
    exponent: int
    first: int
    last: int
    low: int
    high: int
    total: int | float
    longest: int
    changes: int
    plus: int
    minus: int
    covered: int

    @property
    def near(self) -> int:
        """How far apart (µs) two readings may be here to be taken for neighbours.

        Four times the usual step, but no less than two minutes.
        """
        if self.count < 2:
            return BRIDGE
        return max(BRIDGE, _USUAL_STEPS * (self.last_at - self.first_at) // (self.count - 1))

    @property
    def first_nano(self) -> int:
        return nano(self.first, self.exponent)

    @property
    def last_nano(self) -> int:
        return nano(self.last, self.exponent)


def is_change(before: int, after: int, us: int) -> bool:
    """Tell whether a counter's step (1e-9 kWh or m³) is no difference: reset, replaced, rolled.

    Back by up to 1 kWh and a tenth is a correction, and a difference like any other: such a
    counter comes forward again.
    """
    step = after - before
    if step >= 0:
        return step > _LEAP and step * _HOUR > _LEAP_PER_HOUR * us
    return -step > NANO or after * 10 < before * 9


def fold(
    samples: Sequence[Sample],
    shape: Shape,
    before: Sample | None = None,
    after: Sample | None = None,
    since: int = 0,
    until: int = 0,
) -> Summary:
    """Return what samples in order of time come to; there is one at least.

    before, after, since, until: of a power, the neighbours on both sides and the stretch's borders.
    """
    times, values, exponents = zip(*samples, strict=True)
    return fold_columns(times, values, exponents, shape, before, after, since, until)


def fold_columns(
    times: Sequence[int],
    mantissas: Sequence[int],
    exponents: Sequence[int],
    shape: Shape,
    before: Sample | None,
    after: Sample | None,
    since: int,
    until: int,
) -> Summary:
    """Do the same with samples in columns. Millions pass here: C does what it can."""
    exponent, values = _scaled(mantissas, exponents)
    steps = list(map(sub, times[1:], times))
    longest = max(steps, default=0)
    low, high, total = min(values), max(values), sum(values)
    changes = 0
    edges = (0, 0, 0)
    if shape is Shape.COUNTER and _may_change(values, exponent):
        nanos = [nano(value, exponent) for value in values]
        changes = sum(map(is_change, nanos, nanos[1:], steps))
    elif shape is Shape.POWER:
        line = [microwatts((0, value, exponent)) for value in values]
        if low >= 0 and longest <= BRIDGE:
            doubled = map(mul, map(add, line, line[1:]), steps)
            area = sum([(each + AREA_HALF) // AREA_UNIT for each in doubled])
            edges = (area, 0, times[-1] - times[0])
        else:
            edges = area_between(zip(times, line, strict=True), since, until)
        ends = ((before, (times[0], line[0])), (after, (times[-1], line[-1])))
        for neighbour, end in ends:
            if neighbour is not None:
                pair = sorted(((neighbour[0], microwatts(neighbour)), end))
                edges = _added(edges, area_between(pair, since, until))
    return Summary(
        len(values),
        times[0],
        times[-1],
        exponent,
        values[0],
        values[-1],
        low,
        high,
        total if -_MOST <= total <= _MOST else float(total),
        longest,
        changes,
        *edges,
    )


def joined(parts: Sequence[Summary], shape: Shape) -> Summary:
    """Return what stretches in order of time come to together; there is one at least."""
    exponent = min(part.exponent for part in parts)
    scaled = [_rescaled(part, exponent) for part in parts]
    while any(abs(value) > _MOST for each in scaled for value in each):
        exponent += 1
        scaled = [_rescaled(part, exponent) for part in parts]
    total = sum(part.total * 10.0 ** (part.exponent - exponent) for part in parts)
    if all(isinstance(part.total, int) for part in parts):
        exact = sum(_whole(int(part.total), part.exponent - exponent) for part in parts)
        total = exact if abs(exact) <= _MOST else float(exact)
    longest = max(part.longest for part in parts)
    changes = sum(part.changes for part in parts)
    for left, right in pairwise(parts):
        step = right.first_at - left.last_at
        longest = max(longest, step)
        if shape is Shape.COUNTER:
            changes += is_change(left.last_nano, right.first_nano, step)
    return Summary(
        count=sum(part.count for part in parts),
        first_at=parts[0].first_at,
        last_at=parts[-1].last_at,
        exponent=exponent,
        first=scaled[0][0],
        last=scaled[-1][1],
        low=min(each[2] for each in scaled),
        high=max(each[3] for each in scaled),
        total=total,
        longest=longest,
        changes=changes,
        plus=sum(part.plus for part in parts),
        minus=sum(part.minus for part in parts),
        covered=sum(part.covered for part in parts),
    )


def _rescaled(part: Summary, exponent: int) -> tuple[int, int, int, int]:
    shift = part.exponent - exponent
    return (
        _whole(part.first, shift),
        _whole(part.last, shift),
        _whole(part.low, shift),
        _whole(part.high, shift),
    )


def _whole(value: int, shift: int) -> int:
    return value * power(shift) if shift >= 0 else divide(value, power(-shift))


def _scaled(mantissas: Sequence[int], exponents: Sequence[int]) -> tuple[int, Sequence[int]]:
    """Return the values with one exponent, which is the least of theirs if 64 bits allow it."""
    exponent = min(exponents)
    if exponent == max(exponents):
        values = mantissas
    else:
        values = [
            _whole(value, each - exponent) for value, each in zip(mantissas, exponents, strict=True)
        ]
    while max(values) > _MOST or min(values) < -_MOST:
        exponent += 1
        values = [
            _whole(value, each - exponent) for value, each in zip(mantissas, exponents, strict=True)
        ]
    return exponent, values


def _may_change(values: Sequence[int], exponent: int) -> bool:
    """Tell quickly whether a counter did anything but rise a little."""
    if nano(values[-1] - values[0], exponent) > _LEAP:
        return True
    return not all(map(ge, values[1:], values))


def _added(one: tuple[int, int, int], other: tuple[int, int, int]) -> tuple[int, int, int]:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def area_between(line: Iterable[tuple[int, int]], since: int, until: int) -> tuple[int, int, int]:
    """Return energy above and below zero under a line of (µs, 1e-6 W), and the µs covered.

    Of a step over a border the part before it is rounded, and the part behind is the rest: what
    two neighbouring stretches get is together the whole.
    """
    plus = minus = covered = 0
    for (start, low), (end, high) in pairwise(line):
        us = end - start
        if us > BRIDGE or end <= since or start >= until:
            continue
        up, down = areas(low, high, us)
        if end > until:
            up, down = areas_until(low, high, us, until - start)
        if start < since:
            early_up, early_down = areas_until(low, high, us, since - start)
            up, down = up - early_up, down - early_down
        plus += up
        minus += down
        covered += min(end, until) - max(start, since)
    return plus, minus, covered
