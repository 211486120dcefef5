"""German legal time as a zone: what a gateway's clock shows, wherever the site is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from mitmeter.devices.smgw.legaltime import HOUR, instant_of, offset_at, wall_at


class _LegalTime(tzinfo):
    def utcoffset(self, dt: datetime | None) -> timedelta:
        if dt is None:
            return HOUR
        wall = dt.replace(tzinfo=None, fold=0)
        return offset_at(instant_of(wall, winter=bool(dt.fold)))

    def dst(self, dt: datetime | None) -> timedelta:
        return self.utcoffset(dt) - HOUR

    def tzname(self, dt: datetime | None) -> str:
        return "CEST" if self.dst(dt) else "CET"

    def fromutc(self, dt: datetime) -> datetime:
        at = dt.replace(tzinfo=UTC)
        wall = wall_at(at)
        return wall.replace(tzinfo=self, fold=int(instant_of(wall) != at))


LEGAL_TIME: tzinfo = _LegalTime()
