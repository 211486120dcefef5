"""How events and readings are written for files, syslog and hpfeeds: flat, or as ECS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mitmeter.model import Reading
from mitmeter.sinks.ecs import ecs_event
from mitmeter.sinks.flat import flat_event, flat_reading, json_line
from mitmeter.sinks.geo import Geo
from mitmeter.sinks.sink import Occurrence


@dataclass(frozen=True, slots=True)
class Shape:
    """One JSON object on one line per row.

    sensor:    how this mitmeter calls itself. listening: as `flat_event` has it.
    ecs:       events in the Elastic Common Schema; readings stay flat, which has no place for them.
    geo:       where addresses are, from files the operator has.
    """

    sensor: str
    listening: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    ecs: bool = False
    geo: Geo | None = None

    def event(self, occurrence: Occurrence) -> str:
        flat = flat_event(occurrence, self.sensor, self.listening)
        place = self.geo.find(str(flat.get("src_ip", ""))) if self.geo is not None else None
        if self.ecs:
            return json_line(ecs_event(flat, place))
        if place is not None:
            flat |= {name: value for name, value in place.flat().items() if value}
        return json_line(flat)

    def reading(self, reading: Reading) -> str:
        return json_line(flat_reading(reading, self.sensor))
