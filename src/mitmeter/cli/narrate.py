"""What a running daemon says on the terminal: events as they come, and each device's newest
values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mitmeter.cli.output import value_text
from mitmeter.model import DeviceId, Event, Reading, Severity, quantity

# The few values that fit a line and that an owner looks for first.
_SHOWN = ("house.power", "grid.power", "pv.power", "battery.power", "battery.soc")
_QUIET = ("mitmeter.conversation.",)


class Narrator:
    """Turns what was ingested into lines; at most one line of values per device and moment."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def heard(self, events: Iterable[Event], readings: Iterable[Reading]) -> None:
        for event in events:
            if event.severity is not Severity.INFO or not event.eventid.startswith(_QUIET):
                self._say(f"{event.at:%H:%M:%S} {_sign(event.severity)}{event.message}")
        newest: dict[DeviceId, dict[str, Reading]] = {}
        for reading in readings:
            if reading.live and reading.quantity in _SHOWN:
                newest.setdefault(reading.device, {})[reading.quantity] = reading
        for device, values in newest.items():
            words = [
                f"{name} {value_text(values[name].value)} {quantity(name).unit}"
                for name in _SHOWN
                if name in values
            ]
            at = max(reading.received for reading in values.values())
            self._say(f"{at:%H:%M:%S} {device} " + "  ".join(words))


def _sign(severity: Severity) -> str:
    return "" if severity is Severity.INFO else f"{severity.upper()} "
