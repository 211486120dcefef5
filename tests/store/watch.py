"""A clock book under watch, and what clocks of devices say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from mitmeter.model import Event, Reading
from mitmeter.store import ClockBook, Moment
from tests.store.storekit import LONDON, live, seconds

SUMMER = timedelta(hours=1)
WINTER = timedelta(0)
SPRING = datetime(2025, 3, 30, 1, tzinfo=UTC)
AUTUMN = datetime(2025, 10, 26, 1, tzinfo=UTC)
UNSET = datetime.fromisoformat("1970-01-01T00:00:05")


def wall(at: datetime, *, fast: float = 0, zone: timedelta = SUMMER) -> datetime:
    """Return what a clock of that zone, so many seconds fast, says, in whole seconds."""
    said = at + zone + seconds(fast)
    return said.replace(tzinfo=None, microsecond=0)


@dataclass
class Watch:
    """A clock book and everything it said."""

    book: ClockBook = field(default_factory=lambda: ClockBook(LONDON))
    events: list[Event] = field(default_factory=list)
    skews: list[tuple[datetime, Decimal]] = field(default_factory=list)

    def feed(self, *readings: Reading) -> list[Moment]:
        """Return the moments of the readings of one chunk, without the skews."""
        dated = self.book.date(readings)
        self.events += dated.events
        kept = []
        for moment in dated.moments:
            if moment.readings[0].quantity == "clock.skew":
                value = moment.readings[0].value
                assert isinstance(value, Decimal)
                self.skews.append((moment.at, value))
            else:
                kept.append(moment)
        return kept

    def one(self, reading: Reading) -> Moment:
        (moment,) = self.feed(reading)
        return moment

    def run(
        self,
        start: datetime,
        count: int,
        *,
        fast: float = 0,
        zone: timedelta = SUMMER,
        every: float = 10,
    ) -> list[Moment]:
        """Return the moments of statuses that are sent and received on time."""
        instants = [start + seconds(every * number) for number in range(count)]
        return [self.one(live(wall(at, fast=fast, zone=zone), at)) for at in instants]
