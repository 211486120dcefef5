"""From endpoint URLs to listeners and links: tcp, tls (1.2, 1.3), and ssl3 for the oldest hubs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Protocol

from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.plan import StationPlan
from mitmeter.daemon.services import Services
from mitmeter.errors import ConfigError, LinkError
from mitmeter.model import Severity, printable
from mitmeter.transport import Link, LinkOwner, TcpListener, connect, listen
from mitmeter.transport.certificates import Authority, Certificate, host_name
from mitmeter.transport.secure import FailedHandshake
from mitmeter.transport.secure_sockets import SecureListener

if TYPE_CHECKING:
    from mitmeter.transport.tls import Trust

log = logging.getLogger("mitmeter")

SCHEMES = ("tcp", "tls", "ssl3")
FOLDER = "certificates"

Accept = Callable[[Link], LinkOwner]
Refused = Callable[[str, str], None]


class _Identity(Protocol):
    def reload(self) -> None: ...


class Front:
    """One station's listener, with the certificate it shows where it has one.

    kind: of the certificate; what the protocol says, unless given.
    """

    def __init__(self, plan: StationPlan, services: Services, kind: str = "") -> None:
        self._plan = plan
        self._kind = kind or plan.spec.certificate
        self._services = services
        self._authority = Authority(services.data / FOLDER)
        self._identity: _Identity | None = None
        self._failures = 0
        self.listener: TcpListener | SecureListener | None = None

    async def open(self, endpoint: Endpoint, accept: Accept, refused: Refused) -> None:
        """Listen. Raises LinkError naming who holds the port, ConfigError for a scheme we lack."""
        plan = self._plan
        if endpoint.scheme == "tcp":
            self.listener = await listen(
                endpoint.host, endpoint.port, accept, limits=plan.limits, refused=refused
            )
        elif endpoint.scheme == "tls":
            from mitmeter.transport.tls import Identity, key_log, listen_tls
            from mitmeter.transport.x509 import KINDS

            _tell_of_keys(key_log())
            certificate = await self._certificate(endpoint, self._kind)
            # What a kind of device is known to take is shown to it whatever name it asks for.
            plain = self._kind == "plain"
            identity = Identity(
                certificate, self._by_name if plain else None, tls12=KINDS[self._kind].tls12
            )
            self._identity = identity
            self.listener = await listen_tls(
                endpoint.host,
                endpoint.port,
                accept,
                identity=identity,
                limits=plan.limits,
                refused=refused,
                failed=self._failed,
            )
        elif endpoint.scheme == "ssl3":
            from mitmeter.transport.legacy_tls import LegacyIdentity, listen_legacy

            legacy = LegacyIdentity((await self._certificate(endpoint, "legacy")).path)
            self._identity = legacy
            self.listener = await listen_legacy(
                endpoint.host,
                endpoint.port,
                accept,
                identity=legacy,
                refused=refused,
                failed=self._failed,
            )
        else:
            raise ConfigError("listen", f"{endpoint.scheme}:// is none of {', '.join(SCHEMES)}")

    async def renew(self) -> None:
        """Make certificates anew that run out soon, and show the new ones from now on."""
        if self._identity is None:
            return
        try:
            made = await asyncio.to_thread(self._authority.renew_due, self._services.clock.now())
        except LinkError as exc:
            log.warning("certificates: %s", exc)
            return
        if made:
            self._identity.reload()
            log.info("%d certificates were made anew", len(made))

    async def _certificate(self, endpoint: Endpoint, kind: str) -> Certificate:
        names = [name for name in self._plan.spec.hosts if "." in name] or self._usual_names(
            endpoint
        )
        now = self._services.clock.now()
        return await asyncio.to_thread(self._authority.certificate_for, names, kind=kind, now=now)

    def _usual_names(self, endpoint: Endpoint) -> list[str]:
        """Return what to be called to a client that asks for no name."""
        shown_as = self._plan.spec.shown_as
        if shown_as is not None and self._plan.persona and self._kind != "plain":
            return [shown_as(self._plan.persona)]
        ends = (self._plan.to, endpoint)
        names = [name for end in ends if end is not None and (name := host_name(end.host))]
        return names[:1] or ["mitmeter"]

    def _by_name(self, name: str) -> Certificate | None:
        return self._authority.for_name(name, self._services.clock.now())

    def _failed(self, peer: str, facts: FailedHandshake) -> None:
        """Tell of the first failed handshake, and then of every doubling."""
        self._failures += 1
        if self._failures & (self._failures - 1):
            return
        again = f" ({self._failures} so far)" if self._failures > 1 else ""
        self._services.happened(
            "mitmeter.tls.failed",
            f"encryption with {printable(peer)} failed: {printable(str(facts))}{again}",
            severity=Severity.WARNING,
            station=self._plan.name,
            fields={"peer": printable(peer), "reason": printable(str(facts))},
        )


@cache
def _tell_of_keys(path: str) -> None:
    """Say, once, that others can read along."""
    if path:
        log.warning(
            "SSLKEYLOGFILE is set: the keys of all TLS, ours and the servers', go to %s", path
        )


async def dial(
    endpoint: Endpoint,
    accept: Accept,
    *,
    timeout: float,
    verify: bool = True,
    name: str = "",
    trust: Trust | None = None,
) -> Link:
    """Connect to an endpoint. Raises LinkError in words.

    verify: for tls, whether the server has to prove who it is; `trust` says it in more detail.
    name:   for tls, whom to ask for, where it is not the endpoint's host.
    """
    if endpoint.scheme == "tcp":
        return await connect(endpoint.host, endpoint.port, accept, timeout=timeout)
    if endpoint.scheme == "tls":
        from mitmeter.transport.tls import Unverified, Verified, connect_foreign, connect_tls

        trust = trust or (Verified() if verify else Unverified())
        host, port = endpoint.host, endpoint.port
        if name:
            return await connect_tls(
                host, port, accept, trust=trust, server_hostname=name, timeout=timeout
            )
        return await connect_foreign(host, port, accept, trust=trust, timeout=timeout)
    if endpoint.scheme == "ssl3":
        from mitmeter.transport.legacy_tls import connect_legacy

        return await connect_legacy(endpoint.host, endpoint.port, accept, timeout=timeout)
    raise ConfigError("to", f"{endpoint.scheme}:// is none of {', '.join(SCHEMES)}")
