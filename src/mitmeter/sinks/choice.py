"""What of the store a sink is sent."""

from __future__ import annotations

from dataclasses import dataclass

from mitmeter.model import Event, Reading, Severity
from mitmeter.sinks.resume import BEGINNING, Start
from mitmeter.sinks.state import Stream

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which readings and events, from where on.

    quantities: names, or beginnings of names followed by `*`; none means all.
    eventids:   beginnings of event ids; none means all. severity: at least so severe.
    """

    readings: bool = True
    events: bool = False
    quantities: tuple[str, ...] = ()
    eventids: tuple[str, ...] = ()
    severity: Severity = Severity.INFO
    start: Start = BEGINNING

    @property
    def streams(self) -> tuple[Stream, ...]:
        chosen = ((Stream.READINGS, self.readings), (Stream.EVENTS, self.events))
        return tuple(stream for stream, wanted in chosen if wanted)

    def takes_reading(self, reading: Reading) -> bool:
        if not self.quantities:
            return True
        name = reading.quantity
        return any(
            name.startswith(each[:-1]) if each.endswith("*") else name == each
            for each in self.quantities
        )

    def takes_event(self, event: Event) -> bool:
        if _RANK[event.severity] < _RANK[self.severity]:
            return False
        return not self.eventids or event.eventid.startswith(self.eventids)
