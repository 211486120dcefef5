"""What is to be sent where: the typed form of the `[sink.*]` tables."""

from __future__ import annotations

from dataclasses import dataclass

from mitmeter.sinks.choice import Choice
from mitmeter.sinks.course import Pace
from mitmeter.sinks.event_file import FilePlan
from mitmeter.sinks.hpfeeds import HpfeedsPlan
from mitmeter.sinks.influx import InfluxPlan
from mitmeter.sinks.mqtt_plan import MqttPlan
from mitmeter.sinks.shape import Shape
from mitmeter.sinks.syslog import SyslogPlan

Destination = MqttPlan | InfluxPlan | FilePlan | SyslogPlan | HpfeedsPlan


@dataclass(frozen=True, slots=True)
class SinkPlan:
    """One sink. shape: how events are written, for those that write them as JSON."""

    name: str
    choice: Choice
    pace: Pace
    to: Destination
    shape: Shape
