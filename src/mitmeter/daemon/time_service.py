"""The time for devices: lan.ntp's answers on a socket."""

from __future__ import annotations

import time

from mitmeter.daemon.plan_network import NtpPlan
from mitmeter.daemon.services import Services
from mitmeter.daemon.system_clock import system_clock
from mitmeter.daemon.telling import Telling
from mitmeter.lan.networks import OUTSIDE, Networks, host_of
from mitmeter.lan.ntp import ClockState, answer
from mitmeter.transport.udp import UdpListener, listen_udp

# How long what the system said of its clock is believed.
_BELIEVED_SECONDS = 16.0


class TimeService:
    """Answers who asks for the time by SNTP."""

    def __init__(self, plan: NtpPlan, services: Services, telling: Telling) -> None:
        self._plan = plan
        self._services = services
        self._telling = telling
        self._networks = Networks(plan.networks)
        self._state = ClockState(False)
        self._asked_system: float | None = None
        self._listener: UdpListener | None = None

    async def start(self) -> None:
        """Listen. Raises LinkError in words."""
        listen = self._plan.listen
        self._listener = await listen_udp(listen.host, listen.port, self._received)

    @property
    def where(self) -> str:
        return f"udp://{self._listener.address}" if self._listener else str(self._plan.listen)

    async def stop(self) -> None:
        if self._listener is not None:
            self._listener.stop()

    def _received(self, data: bytes, peer: str) -> bytes | None:
        clock, client = self._services.clock, host_of(peer)
        received_ns = clock.now_ns()
        if not self._networks.hold(client):
            self._telling.ntp(client, False, OUTSIDE)
            return None
        plan = self._plan
        outcome = answer(data, received_ns, clock.now_ns(), self._clock_state(), plan.local_stratum)
        self._telling.ntp(client, True, outcome.verdict)
        return outcome.reply

    def _clock_state(self) -> ClockState:
        plan, now = self._plan, time.monotonic()
        if plan.synchronised is not None:
            return ClockState(plan.synchronised, plan.stratum)
        if self._asked_system is None or now - self._asked_system > _BELIEVED_SECONDS:
            told = system_clock()
            self._state = ClockState(told.synchronised, plan.stratum, told.error_seconds)
            self._asked_system = now
        return self._state
