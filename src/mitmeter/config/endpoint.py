"""Where to listen or connect, written as a URL: `tcp://127.0.0.1:7777`, `tcp://[::1]:7777`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mitmeter.config.suggest import one_of
from mitmeter.errors import ConfigError

SCHEMES = ("tcp", "tls", "ssl3", "udp", "http", "https", "mqtt", "mqtts")
# Those of a broker, where devices publish.
BROKER = ("mqtt", "mqtts")
# Those of a web server, and what they mean on the wire.
_WIRE = {"http": "tcp", "https": "tls"}
WEB = tuple(_WIRE)
# Not an address but wherever a connection was going before a router turned it to us.
ORIGINAL = "original"
# Instead of a host: whichever name a client asks for in its TLS handshake.
ASKED = "*"
_DEFAULT_PORTS = {"http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883}
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_-]+)*\.?\Z")
_LOOKS_LIKE_IPV4 = re.compile(r"[0-9.]+\Z")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address to listen on or to connect to.

    host: a name, an IPv4 address, or an IPv6 address without its brackets; where a proxy passes
          things on to it may be `*`, see `parse_onward`.
    port: 0..65535; 0 asks the system for a free one and is for listening only.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        if self.scheme == ORIGINAL:
            return ORIGINAL
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def authority(self) -> str:
        """The host as a URL has it, with the port unless it is the scheme's usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if _DEFAULT_PORTS.get(self.scheme) == self.port else f"{host}:{self.port}"

    @property
    def wire(self) -> Endpoint:
        """What is listened on or connected to: of a web server `tcp` or `tls`."""
        return Endpoint(_WIRE.get(self.scheme, self.scheme), self.host, self.port)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host == "localhost" or self.host == "::1" or self.host.startswith("127.")

    @classmethod
    def parse(cls, text: str, key: str = "", schemes: Iterable[str] = SCHEMES) -> Endpoint:
        """Return the endpoint a URL names. Raises ConfigError under `key`."""
        try:
            return _parse(text, tuple(schemes))
        except ValueError as exc:
            raise ConfigError(key, str(exc)) from None

    @classmethod
    def parse_onward(cls, text: str, key: str = "", schemes: Iterable[str] = SCHEMES) -> Endpoint:
        """Return where a proxy passes things on to: as `parse`, or `original`, or with the host `*`
        for the name a client asks for. Raises ConfigError under `key`.
        """
        if text == ORIGINAL:
            return cls(ORIGINAL, ASKED, 0)
        scheme, separator, rest = text.partition("://")
        if not rest.startswith(f"{ASKED}:"):
            return cls.parse(text, key, schemes)
        found = cls.parse(f"{scheme}{separator}asked{rest.removeprefix(ASKED)}", key, schemes)
        return cls(found.scheme, ASKED, found.port)


def _parse(text: str, schemes: tuple[str, ...]) -> Endpoint:
    scheme, separator, rest = text.partition("://")
    if not separator:
        raise ValueError(
            f"{text!r} is not an endpoint; write one like {schemes[0]}://127.0.0.1:7777"
        )
    if scheme not in schemes:
        raise ValueError(f"scheme {one_of(scheme, schemes)}")
    rest = rest.removesuffix("/")
    if "@" in rest:
        raise ValueError("a user name or password does not belong into an endpoint")
    if any(mark in rest for mark in "/?#"):
        raise ValueError(f"{text!r} has something after the port; write {scheme}://host:port")
    host, port = _split(rest, text)
    return Endpoint(scheme, _host(host, scheme), _port(port, scheme, text))


def _split(rest: str, text: str) -> tuple[str, str]:
    """Return host and port text; the port is "" when there is none."""
    if rest.startswith("["):
        host, bracket, after = rest[1:].partition("]")
        if not bracket or (after and not after.startswith(":")):
            raise ValueError(f"{text!r}: an IPv6 address is written [address]:port")
        if ":" not in host:
            raise ValueError(f"{host!r} in brackets is not an IPv6 address")
        return host, after[1:]
    if rest.count(":") > 1:
        raise ValueError(f"{text!r}: an IPv6 address needs brackets, as in tcp://[::1]:7777")
    host, _, port = rest.partition(":")
    return host, port


def _host(host: str, scheme: str) -> str:
    if not host:
        raise ValueError(f"the host is missing; every interface is {scheme}://0.0.0.0:…")
    if ":" in host:
        return _ip_address(host)
    if _LOOKS_LIKE_IPV4.match(host):
        return _ip_address(host)
    if len(host) > 253 or not _HOST.match(host):
        raise ValueError(f"host {host!r} is neither a name nor an address")
    return host.lower()


def _ip_address(host: str) -> str:
    # Imported here because it is not needed for the names and addresses of most commands.
    from ipaddress import ip_address

    try:
        return str(ip_address(host))
    except ValueError:
        kind = "IPv6" if ":" in host else "IPv4"
        raise ValueError(f"{host!r} is not an {kind} address") from None


def _port(port: str, scheme: str, text: str) -> int:
    if not port:
        default = _DEFAULT_PORTS.get(scheme)
        if default is None:
            raise ValueError(f"{text!r} has no port; write {scheme}://host:port")
        return default
    if not (port.isascii() and port.isdigit()):
        raise ValueError(f"port {port!r} is not a number")
    number = int(port) if len(port) < 10 else 10**9
    if number > 65535:
        raise ValueError(f"port {port} is outside 0..65535")
    return number
