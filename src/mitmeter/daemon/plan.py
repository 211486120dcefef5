"""What a station is to do: the typed form of a `[[station]]` table or of one command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.plan_network import NetworkPlan
from mitmeter.daemon.plan_web import WebPlan
from mitmeter.model import Secret
from mitmeter.protocol import Spec
from mitmeter.roles.role import Role
from mitmeter.transport import Limits

if TYPE_CHECKING:
    from mitmeter.daemon.plan_sinks import SinkPlan


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a station waits, in seconds of its clock; `connect` in real ones.

    idle:    without one whole message, before a conversation is closed.
    quiet:   the same for who has spoken sense to an emulated device, and may ask again much later.
    partial: for the rest of a half-received message, before it is taken as it is.
    connect: for an outgoing connection.
    """

    idle: float = 600.0
    partial: float = 30.0
    connect: float = 10.0
    quiet: float = 6 * 3600.0

    @classmethod
    def at(cls, speed: float) -> Patience:
        """Return the usual patience, as long as ever in real time, by a clock that runs faster."""
        usual = cls()
        return cls(usual.idle * speed, usual.partial * speed, usual.connect, usual.quiet * speed)


@dataclass(frozen=True, slots=True)
class StationPlan:
    """One station: a listener or a dialler in one role.

    synthetic: the device behind it is known to be simulated.
    delay:     how long an emulated device takes to answer, in seconds: one that dials out hears
               everything so much later, one that is dialled is told; None is as long as a real one.
    persona:   the emulated device's persona file, parsed.
    unit:      the box an emulated device is part of; "" is one of its own, named as the station.
    honeypot:  whoever connects is a stranger worth telling of.
    every:     seconds from one reading of a probed device to the next, None for once.
    attended:  somebody waits for what is read: the probe begins when it is told to.
    """

    name: str
    role: Role
    spec: Spec[Any]
    listen: Endpoint | None = None
    to: Endpoint | None = None
    control: bool = False
    rules: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    persona: Mapping[str, Any] = field(default_factory=dict)
    user: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))
    seed: int = 1
    delay: float | None = None
    frozen: bool = False
    house_since: datetime | None = None
    synthetic: bool = False
    unit: str = ""
    honeypot: bool = False
    every: float | None = None
    attended: bool = False
    limits: Limits = field(default_factory=Limits)
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True)
class Retention:
    """How much journal to keep: seconds and bytes, None for ever and for any size."""

    seconds: float | None = None
    max_bytes: int | None = 10_000_000_000
    segment_bytes: int = 64 << 20


@dataclass(frozen=True, slots=True)
class DaemonPlan:
    """Everything one daemon is to do.

    owner:         how it is named to who finds its data directory in use.
    batch_seconds: how long readings are collected before they are committed to the store.
    web:           the dashboard; None is none.
    sinks:         where readings and events go.
    """

    owner: str
    zone: tzinfo
    stations: tuple[StationPlan, ...]
    retention: Retention = field(default_factory=Retention)
    batch_seconds: float = 1.0
    network: NetworkPlan = field(default_factory=NetworkPlan)
    web: WebPlan | None = None
    sinks: tuple[SinkPlan, ...] = ()
