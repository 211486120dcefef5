"""Where a proxy passes a conversation on to, and why it believes who answers there."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mitmeter.config.endpoint import ASKED, ORIGINAL, Endpoint
from mitmeter.daemon.ends import SCHEMES
from mitmeter.daemon.plan import StationPlan
from mitmeter.daemon.services import Services
from mitmeter.errors import ConfigError, LinkError
from mitmeter.transport import Link
from mitmeter.transport.certificates import host_name, is_address
from mitmeter.transport.original import Optioned, is_ours, original_destination

if TYPE_CHECKING:
    from mitmeter.daemon.trust import FirstUse
    from mitmeter.transport.tls import Trust

_SHA256 = re.compile(r"(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}", re.IGNORECASE)
_MOST_SERVERS = 1_000


@dataclass(frozen=True, slots=True)
class Goal:
    """One conversation's server.

    name: whom to ask for in the TLS handshake, "" for the endpoint's own host.
    """

    endpoint: Endpoint
    name: str = ""

    def __str__(self) -> str:
        name = f" as {self.name}" if self.name else ""
        return f"{self.endpoint}{name}"


class Onward:
    """Finds a conversation's server: a fixed one, the one whose name the client asks for, or the
    one a redirected connection was going to.

    `upstream` of the station's options says which certificate is believed: `verified` (default),
    `pinned` (the first one seen), `unverified`, or `sha256:…`. Raises ConfigError for what makes no
    sense.
    """

    def __init__(self, plan: StationPlan, services: Services) -> None:
        if plan.to is None or plan.listen is None:
            raise ConfigError("--to", "says where to pass things on to")
        self._to = plan.to
        self._listen = plan.listen
        self._station = plan.name
        self._services = services
        self._upstream = _upstream(plan.options.get("upstream", "verified"))
        self._books: dict[str, FirstUse] = {}
        to, listen = plan.to, plan.listen
        if to.scheme not in (*SCHEMES, ORIGINAL):
            raise ConfigError("--to", f"{to.scheme}:// is none of {', '.join(SCHEMES)}")
        by_tls = to.scheme == "tls" and listen.scheme == "tls"
        if to.scheme != ORIGINAL and to.host == ASKED and not by_tls:
            raise ConfigError(
                "--to", f"{to}: only by TLS, on both sides, is it heard which name is asked for"
            )

    def goal(self, link: Link, own: str) -> Goal:
        """Return the server of a conversation that has just begun. Raises LinkError when there is
        none, or it would be ourselves again.

        own: the address we listen on, `host:port`.
        """
        asked = host_name(getattr(link, "sni", ""))
        to = self._to
        if to.scheme == ORIGINAL:
            return Goal(self._original(link, own), asked)
        if to.host == ASKED:
            if not asked:
                raise LinkError("the client asked for no name, so there is nobody to pass it on to")
            return Goal(Endpoint(to.scheme, asked, to.port))
        # An address has no name of its own.
        return Goal(to, asked if is_address(to.host) and to.scheme == "tls" else "")

    def trust(self, goal: Goal) -> Trust:
        """Return what makes a server's certificate a good one."""
        from mitmeter.transport.tls import Pinned, Unverified, Verified

        if self._upstream == "unverified":
            return Unverified()
        if self._upstream == "verified":
            return Verified()
        if self._upstream != "pinned":
            return Pinned(self._upstream)
        return self._book(f"{goal.name or goal.endpoint.host}:{goal.endpoint.port}").trust

    async def check_for_loop(self, goal: Goal, own: str) -> None:
        """Raise LinkError where a server is ourselves, by whatever name."""
        host, port = goal.endpoint.host, goal.endpoint.port
        if port != _port(own):
            return  # the usual case asks no name server
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port)
        except OSError:
            return  # told by who connects
        if any(_leads_here(str(address[0]), port, own) for *_, address in found):
            raise LinkError("that is ourselves")

    def _original(self, link: Link, own: str) -> Endpoint:
        found = original_destination(link) if isinstance(link, Optioned) else None
        if found is None:
            raise LinkError(
                "the connection was made to us directly: with --to original a router has to turn "
                "it here (see mitmeter network nftables --redirect)"
            )
        host, port = found
        if _leads_here(host, port, own):
            raise LinkError(f"it was going to {host}:{port}, which is ourselves")
        if is_ours(link.peer.rpartition(":")[0].strip("[]")):
            # Where one of ours comes back is where it would come back again, for ever.
            raise LinkError(
                f"it was going to {host}:{port}, but comes from this machine: a redirect meant for "
                "others catches our own connections, too"
            )
        return Endpoint(self._listen.scheme, host, port)

    def _book(self, where: str) -> FirstUse:
        from mitmeter.daemon.trust import FirstUse

        book = self._books.pop(where, None) or FirstUse(self._services, self._station, where)
        # The most recently used last.
        self._books[where] = book
        if len(self._books) > _MOST_SERVERS:
            del self._books[next(iter(self._books))]
        return book


def _port(address: str) -> int:
    return int(address.rpartition(":")[2] or 0)


def _leads_here(host: str, port: int, own: str) -> bool:
    """Tell whether an address is the one we listen on."""
    ours = own.rpartition(":")[0].strip("[]")
    everywhere = ours in ("0.0.0.0", "::")
    return port == _port(own) and (is_ours(host) if everywhere else host == ours)


def _upstream(text: str) -> str:
    if text in ("verified", "pinned", "unverified"):
        return text
    kind, _, pin = text.partition(":")
    if kind != "sha256" or not _SHA256.fullmatch(pin):
        raise ConfigError(
            "options.upstream",
            f"{text!r} is none of verified, pinned, unverified, and sha256: with 64 hex digits",
        )
    return pin
