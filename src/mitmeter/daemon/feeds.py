"""The sinks of a daemon at work: one forwarder each, none of which can hold up anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from mitmeter.daemon.household import Household
from mitmeter.daemon.plan_sinks import SinkPlan
from mitmeter.daemon.services import Services
from mitmeter.model import Field, Severity
from mitmeter.sinks.course import Tell
from mitmeter.sinks.event_file import FilePlan, FileSink
from mitmeter.sinks.forwarder import Forwarder
from mitmeter.sinks.homeassistant_controls import Home
from mitmeter.sinks.hpfeeds import HpfeedsPlan, HpfeedsSink
from mitmeter.sinks.influx import InfluxPlan, InfluxSink
from mitmeter.sinks.mqtt import MqttSink
from mitmeter.sinks.mqtt_plan import MqttPlan
from mitmeter.sinks.sink import Sink
from mitmeter.sinks.status import SinkStatus
from mitmeter.sinks.syslog import SyslogPlan, SyslogSink
from mitmeter.store import Store

SINKS = "sinks"


class Feeds:
    """Starts and stops the forwarders, and says how they are."""

    def __init__(
        self,
        plans: Sequence[SinkPlan],
        store: Path,
        data: Path,
        services: Services,
        home: Home | None = None,
    ) -> None:
        self._services = services
        home = home or Household(services)
        self._forwarders = [
            Forwarder(
                plan.name,
                make_sink(plan, services.clock.now, data, home, self._tell),
                plan.choice,
                plan.pace,
                store=store,
                state=state_file(data, plan.name),
                now=services.clock.now,
                tell=self._tell,
            )
            for plan in plans
        ]

    def start(self) -> None:
        for each in self._forwarders:
            each.start()

    async def stop(self) -> None:
        """End all at once; a batch under way may still be confirmed for some seconds."""
        await asyncio.gather(*(each.stop() for each in self._forwarders))

    def nudge(self) -> None:
        """Have every sink look for new rows and requests, and try again what failed, now."""
        for each in self._forwarders:
            each.nudge()

    def statuses(self, store: Store) -> tuple[SinkStatus, ...]:
        """Return how each sink is; reads the store, so it belongs into a thread."""
        return tuple(each.status(store) for each in self._forwarders)

    def _tell(
        self, eventid: str, message: str, severity: Severity, fields: Mapping[str, Field]
    ) -> None:
        self._services.happened(eventid, message, severity=severity, fields=fields)


def make_sink(
    plan: SinkPlan, now: Callable[[], datetime], data: Path, home: Home, tell: Tell
) -> Sink:
    """Return the sink of a plan; a new kind is a line here."""
    match plan.to:
        case MqttPlan() as to:
            return MqttSink(to, data / SINKS / f"{plan.name}.json", home, now, tell)
        case InfluxPlan() as to:
            return InfluxSink(to)
        case FilePlan() as to:
            return FileSink(to, plan.shape, now)
        case SyslogPlan() as to:
            return SyslogSink(to, plan.shape)
        case HpfeedsPlan() as to:
            return HpfeedsSink(to, plan.shape)


def state_file(data: Path, name: str) -> Path:
    """Return where a sink remembers how far it is."""
    return data / SINKS / f"{name}.db"
