"""Which history to ask for: what the store lacks, or everything since a moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mitmeter.devices.smgw.legaltime import parse_instant
from mitmeter.devices.smgw.telling import HISTORY_SINCE, HISTORY_UNTIL
from mitmeter.devices.smgw.wanted import Wanted
from mitmeter.model import DeviceId
from mitmeter.protocol import HeadendContext

QUARTER = timedelta(minutes=15)
# Captures drift around the quarter hours, by 7 minutes at most: between two moments further apart
# than this one is missing.
LONGEST = timedelta(minutes=22)
# Held from so soon on, there is nothing more to be had.
_NEAR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """After `after`, until `until`; aware UTC."""

    after: datetime
    until: datetime

    def parts(self, longest: timedelta) -> Iterator[Span]:
        """Yield the span in pieces, the oldest first."""
        after = self.after
        while after < self.until:
            until = min(after + longest, self.until)
            yield Span(after, until)
            after = until


def spans(context: HeadendContext, want: Wanted, device: DeviceId, now: datetime) -> list[Span]:
    """Return what to ask one meter's history for, the oldest first.

    What was asked for before is not asked for again: a gateway that was without power has nothing
    to say of it, however often.
    """
    found = _before_all(context, want, device, now)
    if not want.gaps:
        return found
    edge = now - want.reach
    asked = parse_instant(context.recall(device, HISTORY_UNTIL) or "") or edge
    for start, end in context.gaps(device, edge, now, LONGEST):
        after = max(start.astimezone(UTC), edge, asked)
        if end.astimezone(UTC) - after > LONGEST:
            found.append(Span(after, end.astimezone(UTC)))
    return found


def _before_all(
    context: HeadendContext, want: Wanted, device: DeviceId, now: datetime
) -> list[Span]:
    """Return what lies between the moment history is wished for from and the first held."""
    since = want.since
    if since is None or since >= now:
        return []
    # Any two readings are further apart than that, so what comes first is the first of all.
    held = context.gaps(device, since, now, timedelta(seconds=1))
    first = held[0][0].astimezone(UTC) if held else now
    asked = parse_instant(context.recall(device, HISTORY_SINCE) or "")
    if (held and first - since <= _NEAR) or (asked is not None and asked <= since):
        return []
    # The reading at the very moment belongs to it.
    return [Span(since - timedelta(seconds=1), first)]
