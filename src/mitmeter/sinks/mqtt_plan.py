"""What the MQTT sink is to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from mitmeter.sinks.choice import Choice
from mitmeter.sinks.mqtt_link import BrokerPlan
from mitmeter.sinks.mqtt_topics import Topics
from mitmeter.store.tariff import Tariff


@dataclass(frozen=True, slots=True)
class MqttPlan:
    """What is published where.

    discovery: whether Home Assistant is told. expire: seconds of silence that are never too long.
    ignored:   devices, as `glow:…`, that are not shown, or no longer.
    dashboard: where a person finds it, for a link; "" for none.
    zone, tariffs: for what today costs. choice: which readings count.
    spread:    seconds over which all is announced again after Home Assistant has started.
    check:     seconds between two looks at who has fallen silent.
    """

    broker: BrokerPlan
    topics: Topics
    discovery: bool = True
    expire: float = 300.0
    ignored: frozenset[str] = frozenset()
    dashboard: str = ""
    zone: tzinfo = UTC
    tariffs: tuple[Tariff, ...] = ()
    choice: Choice = field(default_factory=Choice)
    spread: float = 4.0
    check: float = 2.0
