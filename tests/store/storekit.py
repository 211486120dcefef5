"""Short ways to make what the store's tests are fed with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from mitmeter.model import Conversation, DeviceId, Reading
from mitmeter.store import Clock, Moment

LONDON = ZoneInfo("Europe/London")
BATTERY = DeviceId("alphaess", "AL9900000000007")
HUB = DeviceId("glow", "HUB1")
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
SAYS_NOON = datetime(2025, 6, 1, 13)  # noqa: DTZ001 - British summer time, as a device says it
TALK = "0197289abc000001"


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def conversation(name: str = TALK, opened_ns: int = 1_000) -> Conversation:
    return Conversation(name, "alphaess", "trap", "battery", "192.0.2.7:40000", opened_ns)


def live(
    reported: datetime | None,
    received: datetime,
    value: str = "93.6",
    quantity: str = "battery.soc",
    device: DeviceId = BATTERY,
) -> Reading:
    return Reading(device, quantity, Decimal(value), received, reported)


def row(reported: datetime, received: datetime, value: str = "93.6") -> Reading:
    return Reading(BATTERY, "battery.soc", Decimal(value), received, reported, live=False)


def moment(
    *readings: Reading, at: datetime | None = None, fold: int = 0, source: str = ""
) -> Moment:
    """Return the readings' moment with `at` as received, unless it is given."""
    first = readings[0]
    clock = Clock.RECEIVED
    if first.reported is not None:
        clock = Clock.LOCAL if first.reported.tzinfo is None else Clock.UTC
    return Moment(list(readings), at or first.received, clock, fold, source)


def status(number: int, value: str = "93.6", source: str = "") -> Moment:
    """Return the moment of the status a battery sends 10 s after the one before, from noon on."""
    step = seconds(10 * number)
    return moment(live(SAYS_NOON + step, NOON + step, value), source=source)
