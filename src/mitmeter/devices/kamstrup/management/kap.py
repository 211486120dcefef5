"""The module's keep-alive (KAP) by UDP, as far as it is known; sans-IO, off unless asked for.

Every `interval` seconds a package goes from the module's local port to the server; with two servers
they take turns. Without an acknowledgement the error light blinks after `missing` intervals, and
after `wdt` intervals the module restarts; both count anew from each acknowledgement, and neither
where it is 0. [V] The format of packages and acknowledgements is not public [U]: the payload is
whatever the operator says, and any datagram from a server counts as an acknowledgement [A].
"""

from __future__ import annotations

from datetime import datetime, timedelta

from mitmeter.devices.kamstrup.management.parameters import NOWHERE
from mitmeter.devices.kamstrup.management.settings import Settings, read_defaults
from mitmeter.errors import ConfigError
from mitmeter.protocol import Datagram, DeviceContext


class KeepAlive:
    """When which server is told that the module is alive; settings count as they are now.

    payload: what every package holds; empty: keep-alive is off.
    """

    __slots__ = ("_acknowledged", "_due", "_payload", "_settings", "_turn")

    def __init__(self, settings: Settings, payload: bytes, now: datetime) -> None:
        self._settings = settings
        self._payload = payload
        self._acknowledged = now
        self._due = now
        self._turn = 0

    @property
    def local_port(self) -> int:
        return self._settings.number("kap_local_port")

    def due(self) -> datetime | None:
        """Return when to call `tick` next; None while keep-alive is off."""
        return self._due if self._servers() else None

    def tick(self, now: datetime) -> Datagram | None:
        """Return what is to be sent now, if anything is due."""
        servers = self._servers()
        if not servers or now < self._due:
            return None
        self._due = now + timedelta(seconds=self._settings.number("interval"))
        host, port = servers[self._turn % len(servers)]
        self._turn += 1
        return Datagram(host, port, self._payload)

    def heard(self, host: str, now: datetime) -> bool:
        """Note a datagram; return whether it acknowledges, as one from a server does."""
        if host not in {known for known, _ in self._servers()}:
            return False
        self._acknowledged = now
        self._settings.set("kap_acknowledged", True)
        return True

    def blinks(self, now: datetime) -> bool:
        """Tell whether the error light blinks."""
        return self._missed(now, "missing")

    def restarts(self, now: datetime) -> bool:
        """Tell whether the watchdog restarts the module."""
        return self._missed(now, "wdt")

    def _missed(self, now: datetime, name: str) -> bool:
        intervals = self._settings.number(name)
        if not intervals or not self._servers():
            return False
        seconds = intervals * self._settings.number("interval")
        return (now - self._acknowledged).total_seconds() >= seconds

    def _servers(self) -> list[tuple[str, int]]:
        """Return whom to tell: nobody without a first server, a payload or an interval."""
        settings = self._settings
        first = (settings.text("kap_ip"), settings.number("kap_port"))
        if not self._payload or first[0] == NOWHERE or not settings.number("interval"):
            return []
        second = (settings.text("kap_b_ip"), settings.number("kap_b_port"))
        return [first] if second[0] == NOWHERE else [first, second]


def keep_alive(context: DeviceContext, now: datetime) -> KeepAlive:
    """Return the keep-alive of an emulated module; the option `kap` is its payload, hexadecimal.

    Raises: ConfigError for a payload that is none, and for any in a honeypot: who comes to it can
            say where the packages go, and could turn them on somebody else.
    """
    if context.options.get("kap") and context.options.get("honeypot") == "true":
        raise ConfigError("options.kap", "a honeypot sends nothing of its own; leave it out")
    text = context.options.get("kap", "")
    try:
        payload = bytes.fromhex(text)
    except ValueError:
        raise ConfigError("options.kap", f"{text!r} is no bytes in hexadecimal") from None
    return KeepAlive(Settings(read_defaults(context.persona), context.memory), payload, now)
