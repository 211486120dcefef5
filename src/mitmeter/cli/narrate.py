"""What a running daemon says: events as they come, and each device's newest values."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from datetime import tzinfo

from mitmeter.cli.output import brief, brief_value
from mitmeter.model import DeviceId, Event, Reading, Severity

# The few values that fit a line and that an owner looks for first, and what they are called there.
SHOWN = {
    "house.power": "house",
    "grid.power": "grid",
    "pv.power": "pv",
    "battery.power": "battery",
    "battery.soc": "charge",
}
_QUIET = "mitmeter.conversation."


class Voice:
    """Says lines on stdout for as long as somebody listens; who runs goes on without them.

    gone: called once, when the reader of a pipe has left or the disk behind stdout is full.
    """

    def __init__(self, *, silent: bool = False, gone: Callable[[], None] | None = None) -> None:
        self._silent = silent
        self._gone = gone

    def say(self, text: str) -> None:
        if self._silent:
            return
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except OSError:
            self._silent = True
            if self._gone is not None:
                self._gone()


class Narrator:
    """Turns what was ingested into lines.

    zone:   in which times are told.
    every:  seconds of real time between two lines of values of one device; None: no values.
    logged: tells whether an event's message has been logged already, and need not be said again.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        zone: tzinfo,
        *,
        every: float | None = 1.0,
        logged: Callable[[str], bool] = lambda message: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._zone = zone
        self._every = every
        self._logged = logged
        self._clock = clock
        self._told: dict[DeviceId, float] = {}

    def heard(self, events: Iterable[Event], readings: Iterable[Reading]) -> None:
        for event in events:
            if event.severity is Severity.INFO and event.eventid.startswith(_QUIET):
                continue
            if not self._logged(event.message):
                at = event.at.astimezone(self._zone)
                self._say(f"{at:%H:%M:%S} {sign(event.severity)}{event.message}")
        if self._every is not None:
            self._values(readings, self._every)

    def _values(self, readings: Iterable[Reading], every: float) -> None:
        """Say each device's newest values, unless it was spoken of a moment ago."""
        newest: dict[DeviceId, dict[str, Reading]] = {}
        for reading in readings:
            if reading.live and reading.quantity in SHOWN:
                newest.setdefault(reading.device, {})[reading.quantity] = reading
        now = self._clock()
        for device, values in newest.items():
            if now - self._told.get(device, -every) < every:
                continue
            self._told[device] = now
            at = max(reading.received for reading in values.values()).astimezone(self._zone)
            words = (f"{SHOWN[name]} {brief(values[name])}" for name in SHOWN if name in values)
            self._say(f"{at:%H:%M:%S} {device}  {', '.join(words)}")


def sign(severity: Severity) -> str:
    """Return what stands before the message of an event: nothing before an ordinary one."""
    return "" if severity is Severity.INFO else f"{severity.upper()} "


def flow(reading: Reading) -> str:
    """Return in a word where the power of a signed quantity goes; "" for all others."""
    word = {"grid.power": ("import", "export"), "battery.power": ("discharging", "charging")}
    signs = word.get(reading.quantity)
    value = brief_value(reading)
    if signs is None or value == "0":
        return ""
    return signs[value.startswith("-")]
