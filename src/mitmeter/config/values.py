"""The configuration as typed values: a model per section, each key with meaning and default."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import Field

from mitmeter.config.network_tables import Dhcp, Dns, Network, Ntp
from mitmeter.config.section import (
    FOREVER,
    Address,
    Duration,
    File,
    Keep,
    Name,
    Onward,
    Options,
    Section,
    Size,
    Zone,
)
from mitmeter.config.sink_tables import SINK_TABLES, Sinks
from mitmeter.config.tariff_tables import Rate, Tariff
from mitmeter.config.web_table import Web
from mitmeter.config.zone import system_zone

Role = Literal["trap", "proxy", "emulate", "probe"]


class Site(Section):
    """Where this is."""

    id: Name = Field("home", description="Name of this site, for when there are several.")
    timezone: Zone = Field(
        default_factory=system_zone,
        description="IANA time zone the devices keep; the system's own unless given.",
    )


class Journal(Section):
    """The recorded bytes, the source of truth: what is pruned here can never be decoded again."""

    keep: Keep = Field(
        FOREVER, description='How long recorded bytes are kept, such as "90d", or "forever".'
    )
    max_size: Size = Field(
        10 * 10**9, description="Beyond this size the oldest sealed segments are removed."
    )
    segment_size: Size = Field(
        64 * 10**6,
        description="A segment is closed and compressed at this size, or when its day ends.",
    )


class Store(Section):
    """The readings: a view of the journal that can be rebuilt from it."""

    batch: Duration = Field(
        timedelta(seconds=1),
        description="How long readings are collected before they are committed.",
    )


class Limits(Section):
    """What a station puts up with, each on its own."""

    connections: int = Field(
        12_000, ge=1, le=1_000_000, description="Open connections of one listener."
    )
    connections_per_address: int = Field(
        11_000, ge=1, le=1_000_000, description="Open connections of one listener from one address."
    )
    backlog: Size = Field(
        256 * 2**10,
        description="Unsent bytes of one connection above which nothing more is read from it.",
    )
    idle: Duration = Field(
        timedelta(minutes=10), description="A connection that says nothing for this long is closed."
    )
    partial: Duration = Field(
        timedelta(seconds=30),
        description="How long the beginning of a message may wait for its rest.",
    )
    connect: Duration = Field(
        timedelta(seconds=10), description="How long an outgoing connection may take."
    )


class Station(Section):
    """One device, or kind of device, and how we meet it."""

    name: Name = Field(
        description="Name of this station, in events, journal and commands.", examples=["battery"]
    )
    role: Role = Field(
        description="trap: we are its server; proxy: we stand between; emulate: we are the device; "
        "probe: we read it.",
        examples=["trap"],
    )
    protocol: str = Field(
        description="What it speaks; see `mitmeter protocols`.", examples=["alphaess"]
    )
    listen: Address | None = Field(
        None,
        description="Where we listen; the protocol's own port on loopback unless given.",
        examples=["tcp://127.0.0.1:7777"],
    )
    to: Onward | None = Field(
        None,
        description="Where we connect: the real server of a proxy, the device of a probe. A proxy "
        'also takes "original", where a redirected connection was going, and "tls://*:443", the '
        "name a client asks for.",
        examples=["tcp://192.0.2.7:7777"],
    )
    control: bool = Field(False, description="Whether an operator's commands may change anything.")
    rules: tuple[str, ...] = Field(
        (),
        description="What a proxy does to what passes, in order.",
        examples=[["redact", "deny-writes"]],
    )
    allow: tuple[str, ...] = Field(
        (), description="What the rule deny-writes lets pass all the same.", examples=[["Resume"]]
    )
    persona: str = Field(
        "",
        description="Who an emulated device is: a shipped name, or a TOML file.",
        examples=["personas/mine.toml"],
    )
    seed: int = Field(1, description="Which simulated house an emulated device stands in.")
    frozen: bool = Field(False, description="Whether the simulated house stands still.")
    user: str = Field(
        "",
        description="Whom an emulated device or a probe logs in as.",
        examples=["AL9900000000007"],
    )
    password_file: File | None = Field(
        None,
        description="File whose first line is the password.",
        examples=["/run/secrets/battery"],
    )
    unit: Name | None = Field(
        None,
        description="The box an emulated device is a part of: stations of one unit share what it "
        "remembers, and restart together. Its own unless given.",
        examples=["meter"],
    )
    honeypot: bool = Field(
        False,
        description="Whether an emulated device waits for attackers: who connects is told of, and "
        "a persona that everybody knows is refused.",
    )
    every: Duration = Field(
        timedelta(minutes=15), description="How often a probe reads a device that is dialled."
    )
    options: Options = Field(
        default_factory=dict,
        description="Further settings of this protocol, as its own page lists them.",
        examples=[{"drift_ppm": 20}],
    )


class Config(Section):
    """Everything in mitmeter.toml."""

    site: Site = Field(default_factory=Site)
    journal: Journal = Field(default_factory=Journal)
    store: Store = Field(default_factory=Store)
    limits: Limits = Field(default_factory=Limits)
    web: Web = Field(default_factory=Web)
    network: Network = Field(default_factory=Network)
    stations: tuple[Station, ...] = Field((), alias="station")
    tariffs: tuple[Tariff, ...] = Field((), alias="tariff")
    sinks: Sinks = Field(default_factory=dict, alias="sink")


TABLES: dict[str, type[Section]] = {
    "site": Site,
    "journal": Journal,
    "store": Store,
    "limits": Limits,
    "web": Web,
    "network": Network,
    "network.dns": Dns,
    "network.ntp": Ntp,
    "network.dhcp": Dhcp,
    **SINK_TABLES,
    "tariff": Tariff,
    "tariff.rates": Rate,
    "tariff.export_rates": Rate,
    "station": Station,
}


def keys(table: type[Section]) -> dict[str, Any]:
    """Return a table's keys as they are written in the file, each with its FieldInfo."""
    return {field.alias or name: field for name, field in table.model_fields.items()}
