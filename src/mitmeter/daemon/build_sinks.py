"""From the `[sink.*]` tables to plans. Raises ConfigError with the path of the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path

from mitmeter.config.places import read_secret
from mitmeter.config.sink_tables import (
    AnySink,
    EventFile,
    Hpfeeds,
    Influx,
    Mqtt,
    Syslog,
    VictoriaMetrics,
)
from mitmeter.config.values import Config
from mitmeter.daemon.plan import StationPlan
from mitmeter.daemon.plan_sinks import Destination, SinkPlan
from mitmeter.daemon.tariffs import tariffs
from mitmeter.errors import ConfigError, SinkError
from mitmeter.model import Secret, Severity
from mitmeter.sinks.choice import Choice
from mitmeter.sinks.course import Pace
from mitmeter.sinks.event_file import FilePlan
from mitmeter.sinks.geo import Geo
from mitmeter.sinks.hpfeeds import HpfeedsPlan
from mitmeter.sinks.influx import Dialect, InfluxPlan
from mitmeter.sinks.mqtt_link import BrokerPlan
from mitmeter.sinks.mqtt_plan import MqttPlan
from mitmeter.sinks.mqtt_topics import Topics
from mitmeter.sinks.resume import BEGINNING, Now, Since, Start
from mitmeter.sinks.shape import Shape
from mitmeter.sinks.syslog import SyslogPlan

_MQTT_WAIT = 10.0
_EVERY_ADDRESS = ("0.0.0.0", "::")


def sink_plans(config: Config, stations: tuple[StationPlan, ...]) -> tuple[SinkPlan, ...]:
    """Return what is to be sent where; a sink that is not enabled is none."""
    listening = {
        each.name: (
            "" if each.listen.host in _EVERY_ADDRESS else each.listen.host,
            each.listen.port,
        )
        for each in stations
        if each.listen is not None
    }
    return tuple(
        SinkPlan(
            name,
            _choice(table, config.site.timezone),
            _pace(table),
            _destination(name, table, config),
            _shape(name, table, config.site.id, listening),
        )
        for name, table in config.sinks.items()
        if table.enabled
    )


def _pace(table: AnySink) -> Pace:
    pace = Pace(batch=table.batch, every=table.every.total_seconds())
    # A broker that is back is to hear the newest at once; being asked costs it nothing.
    return replace(pace, most=_MQTT_WAIT) if isinstance(table, Mqtt) else pace


def _choice(table: AnySink, zone: tzinfo) -> Choice:
    return Choice(
        readings=table.readings,
        events=table.events,
        quantities=table.quantities,
        eventids=table.event_ids,
        severity=Severity(table.severity),
        start=_start(table.since, zone),
    )


def _start(since: str, zone: tzinfo) -> Start:
    if since == "beginning":
        return BEGINNING
    if since == "now":
        return Now()
    at = datetime.fromisoformat(since)
    return Since(at if at.tzinfo is not None else at.replace(tzinfo=zone))


def _shape(name: str, table: AnySink, site: str, listening: Mapping[str, tuple[str, int]]) -> Shape:
    if isinstance(table, Influx | VictoriaMetrics | Mqtt):
        return Shape(site)
    geo = None
    if table.geoip_files:
        try:
            geo = Geo([Path(each) for each in table.geoip_files])
        except SinkError as exc:
            raise ConfigError(f"sink.{name}.geoip_files", str(exc)) from exc
    return Shape(table.sensor or site, listening, table.format == "ecs", geo)


def _destination(name: str, table: AnySink, config: Config) -> Destination:
    timeout = table.timeout.total_seconds()
    match table:
        case Mqtt():
            return _mqtt(name, table, config)
        case Influx() | VictoriaMetrics():
            return _influx(name, table, config.site.id, timeout)
        case EventFile():
            return FilePlan(table.path, table.max_size, table.daily, table.keep, table.sync)
        case Syslog():
            return SyslogPlan(
                table.to.scheme,
                table.to.host,
                table.to.port,
                table.facility,
                table.hostname,
                table.ca_file,
                timeout,
            )
        case Hpfeeds():
            return HpfeedsPlan(
                table.to.host,
                table.to.port,
                table.ident,
                read_secret(table.secret_file, f"sink.{name}.secret_file"),
                table.channel,
                table.to.scheme == "tls",
                table.ca_file,
                timeout,
            )


def _mqtt(name: str, table: Mqtt, config: Config) -> MqttPlan:
    site = config.site
    return MqttPlan(
        broker=BrokerPlan(
            host=table.url.host,
            port=table.url.port,
            client=f"mitmeter-{site.id}-{name}",
            username=table.username,
            password=_secret(table.password_file, f"sink.{name}.password_file"),
            tls=table.url.scheme == "mqtts",
            ca=table.ca_file,
            certificate=table.certificate_file,
            key=table.key_file,
            timeout=table.timeout.total_seconds(),
        ),
        topics=Topics(table.prefix, site.id, table.discovery_prefix),
        discovery=table.homeassistant_discovery,
        expire=table.expire_after.total_seconds(),
        ignored=frozenset(table.ignore),
        dashboard=table.dashboard,
        zone=site.timezone,
        tariffs=tariffs(config),
        choice=_choice(table, site.timezone),
    )


def _influx(name: str, table: Influx | VictoriaMetrics, site: str, timeout: float) -> InfluxPlan:
    common = InfluxPlan(
        url=table.url,
        dialect=Dialect.VICTORIA,
        site=site,
        user=table.user,
        password=_secret(table.password_file, f"sink.{name}.password_file"),
        token=_secret(table.token_file, f"sink.{name}.token_file"),
        ca=table.ca_file,
        timeout=timeout,
        gzip=table.gzip,
    )
    if isinstance(table, VictoriaMetrics):
        return replace(common, settles=table.settles.total_seconds())
    return replace(
        common,
        dialect=Dialect(table.version),
        database=table.database,
        org=table.org,
        retention_policy=table.retention_policy,
    )


def _secret(file: Path | None, key: str) -> Secret:
    return Secret("") if file is None else read_secret(file, key)
