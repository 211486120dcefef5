"""When a gateway reads its meters: the quarter-hour grid, and how far each capture is off it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from mitmeter.devices.smgw.emulated import status
from mitmeter.devices.smgw.emulated.persona import Mark, Persona, parse_instant
from mitmeter.devices.smgw.emulated.zone import LEGAL_TIME
from mitmeter.devices.smgw.status import Status
from mitmeter.protocol import DeviceContext

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_MARK = Mark()


@dataclass(frozen=True, slots=True)
class Capture:
    """One moment's reading. target: the moment aimed at; at: when it was; valued: which of them
    the value is of. gateway, meter: status words in ordinary order; see `Grid.meter_word`.
    """

    target: datetime
    at: datetime
    valued: datetime
    gateway: int
    meter: int
    missing: bool
    told: bool = False  # the meter's word is as the persona tells it

    @property
    def is_valid(self) -> bool:
        return Status(self.gateway, self.meter).ptb.usable


class Grid:
    """The gateway's clock and its readings' moments. All instants are aware UTC."""

    def __init__(self, context: DeviceContext, persona: Persona) -> None:
        switches = persona.switches.clock
        self._switches = switches
        self._marks = persona.marks
        self._house = context.house
        self._frozen = context.frozen_at
        self._key = f"{persona.seed or context.seed}/{persona.id}/capture"
        self._period = timedelta(seconds=switches.period)
        self._spread = (switches.capture_least, switches.capture_most)
        self._stopped: datetime | None = None
        if switches.stopped_at:
            self._stopped = parse_instant(switches.stopped_at, "stopped_at")

    def now(self, now: datetime) -> datetime:
        """Return what the gateway's clock shows."""
        shown = now if self._frozen is None else self._frozen
        return shown + timedelta(seconds=self._switches.offset_seconds)

    def local(self, at: datetime) -> datetime:
        """Return an instant in German legal time."""
        return at.astimezone(LEGAL_TIME)

    def last(self, now: datetime) -> Capture:
        """Return the newest reading there is."""
        shown = self.now(now)
        latest = shown if self._stopped is None else min(shown, self._stopped)
        newest = self._floor(latest) + self._period
        while True:
            found = self.at(newest)
            if not found.missing and self._is_there(found, shown):
                return found
            newest -= self._period

    def between(self, since: datetime, until: datetime, now: datetime) -> Iterator[Capture]:
        """Return the readings aimed at a moment from `since` to `until`, both included, that there
        are by now; missing ones too.
        """
        shown = self.now(now)
        oldest = shown - timedelta(days=self._switches.keeps_days)
        since = max(since, oldest)
        target = self._floor(since)
        if target < since:
            target += self._period
        until = min(until, shown + self._period)
        while target <= until:
            found = self.at(target)
            if self._is_there(found, shown):
                yield found
            target += self._period

    def at(self, target: datetime) -> Capture:
        """Return the reading aimed at a moment of the grid."""
        mark = self._marks.get(target, _NO_MARK)
        off = self._off(target) if mark.capture is None else mark.capture
        at = target + timedelta(seconds=off)
        valued = target if self._switches.valued_at == "grid" else at
        gateway, meter = mark.gateway, mark.meter
        if gateway is None:
            gateway = status.GATEWAY
            gateway |= status.TRANSPARENCY if self._switches.transparency else 0
            gateway |= 0 if self._switches.time_valid else status.TIME_INVALID
        told = meter is not None
        word = status.METER if meter is None else meter
        return Capture(target, at, valued, gateway, word, mark.missing, told)

    def meter_word(self, capture: Capture) -> int:
        """Return the meter's status word with the direction the energy flows in."""
        if capture.told or self._house.state(capture.valued).grid_w >= 0:
            return capture.meter
        return capture.meter | status.FEEDING_IN

    def _is_there(self, capture: Capture, shown: datetime) -> bool:
        if self._stopped is not None and capture.target > self._stopped:
            return False
        return capture.at <= shown

    def _floor(self, at: datetime) -> datetime:
        """Return the last moment of the grid; a quarter hour of UTC is one of any zone's."""
        return at - (at - _EPOCH) % self._period

    def _off(self, target: datetime) -> int:
        least, most = self._spread
        if most <= least:
            return least
        text = f"{self._key}/{int(target.timestamp())}".encode()
        dice = int.from_bytes(blake2b(text, digest_size=4).digest(), "big")
        return least + dice % (most - least + 1)
