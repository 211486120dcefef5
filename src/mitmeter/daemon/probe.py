"""A probe: goes to where a device can be heard, and stays there."""

from __future__ import annotations

import hashlib
import ssl
from typing import Any

from mitmeter.daemon.plan import StationPlan
from mitmeter.daemon.services import Services
from mitmeter.daemon.station import Station
from mitmeter.errors import ConfigError
from mitmeter.model import Severity, Side, printable
from mitmeter.roles.listener import Listener
from mitmeter.transport import Link, LinkOwner
from mitmeter.transport.mqtt import check_library, subscribe


class ProbeStation(Station):
    """Subscribes at a broker to what devices publish there, again whenever the broker is back.

    Options: `prefix` is what their topics begin with, the protocol's name unless given; over
    mqtts:// `ca` is a file of certificates the broker's is trusted by, the system's unless given,
    and `upstream=unverified` takes any. How long nothing is published does not matter: the broker
    itself is asked whether it is still there. The subscription has a name there, so that what is
    published while we are away is held for us.
    """

    def __init__(self, plan: StationPlan, services: Services) -> None:
        super().__init__(plan, services)
        self._topics = _topics(plan)
        self._tls = _tls(plan)
        where = f"{services.data.resolve()} {plan.name}"
        self._session = f"mitmeter-{hashlib.sha256(where.encode()).hexdigest()[:14]}"
        self._skipped = 0

    async def start(self) -> None:
        check_library()
        if self.plan.spec.projection_with is not None:
            self.plan.spec.projection_with(self.plan.options)
        self._spawn(self._keep_connected(self._subscribe))

    async def _subscribe(self) -> None:
        plan = self.plan
        assert plan.to is not None  # noqa: S101 - make_station looks at its scheme
        await subscribe(
            plan.to.host,
            plan.to.port,
            self._topics,
            self._accept,
            username=plan.user,
            password=plan.password.reveal(),
            tls=self._tls,
            session=self._session,
            timeout=plan.patience.connect,
            skipped=self._skip,
        )

    def _accept(self, link: Link) -> LinkOwner:
        listener: Listener[Any] = Listener()
        return self._talk(link, listener, Side.HEADEND, hold=False)

    def _skip(self, topic: str, size: int) -> None:
        """Count a message too large to be a device's; tell of the first, and of every doubling."""
        self._skipped += 1
        if self._skipped & (self._skipped - 1) == 0:
            self.services.happened(
                "mitmeter.mqtt.skipped",
                f"{size} bytes under {printable(topic)} are too many: not kept"
                f" ({self._skipped} so far)",
                severity=Severity.WARNING,
                station=self.plan.name,
                fields={"topic": printable(topic), "bytes": size, "count": self._skipped},
            )


def _tls(plan: StationPlan) -> ssl.SSLContext | None:
    if plan.to is None or plan.to.scheme != "mqtts":
        return None
    try:
        context = ssl.create_default_context(cafile=plan.options.get("ca"))
    except (OSError, ssl.SSLError) as exc:
        raise ConfigError("options.ca", f"no certificates to trust in it: {exc}") from None
    if plan.options.get("upstream") == "unverified":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _topics(plan: StationPlan) -> tuple[str, ...]:
    prefix = plan.options.get("prefix", plan.spec.name).strip("/")
    if not prefix or any(mark in prefix for mark in "+#\0"):
        raise ConfigError(
            "options.prefix", f"{prefix!r} is not what topics can begin with, as in home/glow"
        )
    return tuple(topic.replace("{prefix}", prefix) for topic in plan.spec.topics)
