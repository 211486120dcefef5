"""The device network's questions and answers as events: repeats counted, strangers apart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from mitmeter.daemon.services import Services
from mitmeter.lan.dhcp import LeaseEvent
from mitmeter.lan.happenings import dns_asked, lease_event, ntp_asked
from mitmeter.lan.tally import Tally, Tell
from mitmeter.model import Event

STATION = "network"

# Senders outside the networks may be made up: a few are told apart, so that the journal holds who
# tries, and they have no part of the room kept for devices.
_STRANGERS = 16
_MOST_PAUSE = 60.0

_Wording = Callable[[Tell, datetime], Event]


class Telling:
    """Journals who asked what and was told what: at once, and then at most every so often."""

    def __init__(self, services: Services, every_seconds: float = 600.0) -> None:
        self._services = services
        self._every = every_seconds
        self._leases = Tally(every_seconds)
        self._tallies: dict[tuple[_Wording, bool], Tally] = {
            (wording, inside): Tally(every_seconds, hosts=1024 if inside else _STRANGERS)
            for wording in (dns_asked, ntp_asked)
            for inside in (True, False)
        }

    def dns(
        self, client: str, inside: bool, name: str, qtype: str, verdict: str, transport: str
    ) -> None:
        self._note(dns_asked, client, inside, (name, qtype, verdict, transport))

    def ntp(self, client: str, inside: bool, verdict: str) -> None:
        self._note(ntp_asked, client, inside, (verdict,))

    def lease(self, told: LeaseEvent) -> None:
        clock = self._services.clock
        event = lease_event(told, clock.now())
        what = (told.kind, told.address, told.detail)
        if event is not None and self._leases.note(told.mac, what, clock.now_ns()):
            self._services.note(event, station=STATION)

    async def run(self) -> None:
        """Tell of repeats when their time has come. Runs until cancelled."""
        clock = self._services.clock
        while True:
            await asyncio.sleep(clock.real(min(self._every, _MOST_PAUSE)))
            self._leases.due(clock.now_ns())
            for (wording, _), tally in self._tallies.items():
                for tell in tally.due(clock.now_ns()):
                    self._services.note(wording(tell, clock.now()), station=STATION)

    def finish(self) -> None:
        """Tell of everything that was counted and not told yet."""
        clock = self._services.clock
        for (wording, _), tally in self._tallies.items():
            for tell in tally.rest(clock.now_ns()):
                self._services.note(wording(tell, clock.now()), station=STATION)

    def _note(self, wording: _Wording, client: str, inside: bool, what: tuple[str, ...]) -> None:
        clock = self._services.clock
        tell = self._tallies[wording, inside].note(client, what, clock.now_ns())
        if tell is not None:
            self._services.note(wording(tell, clock.now()), station=STATION)
