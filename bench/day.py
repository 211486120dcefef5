"""One simulated day of the emulated battery and the stand-in server, as a journal would hold it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from mitmeter import registry
from mitmeter.model import Chunk
from mitmeter.simulate import House, Site
from mitmeter.testing.dialogue import dialogue

PROTOCOL = "alphaess"
ZONE = ZoneInfo("Europe/London")
START = datetime(2026, 6, 1, tzinfo=UTC)


@cache
def chunks() -> tuple[Chunk, ...]:
    """Return what both said that day: 8,640 statuses, 288 telemetries, and the answers."""
    house = House(1, START - timedelta(days=2), Site(zone=ZONE))
    talk = dialogue(registry.spec(PROTOCOL), start=START, house=house, zone=ZONE).run(days=1)
    return tuple(talk.chunks)
