"""The time over a real socket."""

from dataclasses import replace
from pathlib import Path

import pytest

from mitmeter.daemon import time_service
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.plan_network import NetworkPlan
from mitmeter.daemon.system_clock import SystemClock, system_clock
from mitmeter.lan.ntp import NtpReply, read_reply, request
from tests.daemon.device_network import ELSEWHERE, NTP, Bench, ask_by_udp, network

SENT = 1_795_169_703 * 10**9


async def ask(bench: Bench) -> NtpReply:
    packet = await ask_by_udp(bench.port("ntp"), request(SENT))
    reply = read_reply(packet, SENT, SENT)
    assert reply is not None
    return reply


async def test_a_device_gets_our_time_and_is_noted(tmp_path: Path) -> None:
    clock = Clock(speed=1.0, start_ns=SENT + 3600 * 10**9)
    async with network(tmp_path, NetworkPlan(ntp=NTP), clock) as bench:
        reply = await ask(bench)
        (event,) = bench.events("mitmeter.ntp.asked")
    assert 3600 <= reply.offset_ns / 1e9 < 3660
    assert (reply.usable, reply.stratum) == (True, 4)
    assert event.fields == {
        "client": "127.0.0.1",
        "verdict": "answered, stratum 4: our clock is synchronised",
        "count": 1,
    }


@pytest.mark.parametrize(("kept", "stratum"), [(True, 4), (False, 10)])
async def test_the_system_is_asked_how_right_our_clock_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool, stratum: int
) -> None:
    monkeypatch.setattr(time_service, "system_clock", lambda: SystemClock(kept, 0.25))
    async with network(tmp_path, NetworkPlan(ntp=replace(NTP, synchronised=None))) as bench:
        reply = await ask(bench)
    assert (reply.stratum, reply.error_seconds) == (stratum, 0.25)


async def test_a_stranger_gets_silence_and_is_noted(tmp_path: Path) -> None:
    plan = NetworkPlan(ntp=replace(NTP, networks=ELSEWHERE))
    async with network(tmp_path, plan) as bench:
        with pytest.raises(TimeoutError):
            await ask_by_udp(bench.port("ntp"), request(SENT), seconds=0.2)
        (event,) = bench.events("mitmeter.ntp.asked")
    assert event.fields["verdict"] == "ignored: outside the networks"


async def test_a_control_packet_gets_silence_and_is_noted(tmp_path: Path) -> None:
    async with network(tmp_path, NetworkPlan(ntp=NTP)) as bench:
        with pytest.raises(TimeoutError):
            await ask_by_udp(bench.port("ntp"), b"\x16\x02" + bytes(46), seconds=0.2)
        (event,) = bench.events("mitmeter.ntp.asked")
    assert event.fields["verdict"] == "ignored: mode 6 (control)"


def test_this_systems_clock_is_known_or_counts_as_not_kept() -> None:
    told = system_clock()
    assert told.error_seconds >= 0
