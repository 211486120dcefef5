"""Repeats are told when their time has come, without anybody asking again."""

import asyncio
from pathlib import Path

from mitmeter.daemon.clock import Clock
from mitmeter.daemon.plan_network import NetworkPlan
from mitmeter.daemon.telling import Telling
from mitmeter.lan.dhcp import LeaseEvent, LeaseKind
from tests.daemon.device_network import network


def told(telling: Telling, client: str, inside: bool = True) -> None:
    telling.dns(client, inside, "a.sensornet.info", "A", "answered", "udp")


async def test_what_a_host_repeated_is_told_after_a_while(tmp_path: Path) -> None:
    fast = Clock(speed=10_000)
    async with network(tmp_path, NetworkPlan(), fast) as bench:
        telling = Telling(bench.services, every_seconds=600)
        running = asyncio.create_task(telling.run())
        for _ in range(5):
            told(telling, "192.168.101.50")
        events = await bench.until("mitmeter.dns", 2)
        running.cancel()
    assert [event.fields["count"] for event in events] == [1, 4]
    assert (events[1].at - events[0].at).total_seconds() >= 600


async def test_strangers_take_no_room_from_devices(tmp_path: Path) -> None:
    async with network(tmp_path, NetworkPlan()) as bench:
        telling = Telling(bench.services)
        for number in range(3000):
            told(telling, f"203.0.{number // 256}.{number % 256}", inside=False)
        told(telling, "192.168.101.50")
        events = bench.events("mitmeter.dns")
    assert len(events) == 18  # 16 strangers, the rest of them, and the device
    assert events[-1].fields["client"] == "192.168.101.50"


async def test_a_lease_renewed_again_and_again_is_told_once(tmp_path: Path) -> None:
    async with network(tmp_path, NetworkPlan()) as bench:
        telling = Telling(bench.services)
        for name in ("display", "display", "display", "other"):
            telling.lease(
                LeaseEvent(LeaseKind.LEASED, "eth1", "02:00:5e:30:20:10", "192.168.101.50", name)
            )
        telling.lease(LeaseEvent(LeaseKind.ASKED, "eth1", "02:00:5e:30:20:10"))
        events = bench.events("mitmeter.dhcp")
    assert [event.fields["name"] for event in events] == ["display", "other"]
