"""A probe that is stopped in the middle of its visit takes its leave first."""

from __future__ import annotations

from pathlib import Path

from mitmeter import registry
from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.persona import load_persona
from mitmeter.daemon.plan import DaemonPlan, StationPlan
from mitmeter.daemon.supervisor import Daemon
from mitmeter.model import Secret, Side
from mitmeter.roles.role import Role
from tests.daemon.plans import LONDON, said
from tests.transport.ends import eventually

SPEC = registry.spec("smgw")


async def test_who_is_stopped_while_logged_in_logs_out(tmp_path: Path) -> None:
    emulated = StationPlan(
        "gateway",
        Role.EMULATE,
        SPEC,
        listen=Endpoint("tls", "127.0.0.1", 0),
        persona=load_persona(SPEC, "ppc"),
        delay=0.0,
    )
    gateway = Daemon(DaemonPlan("gateway", LONDON, (emulated,)), tmp_path / "gateway")
    async with gateway.running():
        port = int(gateway.stations[0].where.rpartition(":")[2])
        reading = StationPlan(
            "meter",
            Role.PROBE,
            SPEC,
            to=Endpoint("https", "127.0.0.1", port),
            user="tst-user-21",
            password=Secret("pw.21!"),
            options={"pace": "0.3"},
            every=900.0,
        )
        plan = DaemonPlan("reader", LONDON, (reading,))
        async with Daemon(plan, tmp_path / "reader", clock=Clock()).running():
            await eventually(lambda: b"action=" in said(tmp_path / "reader", Side.HEADEND))
            assert b"action=logout" not in said(tmp_path / "reader", Side.HEADEND)
        words = said(tmp_path / "reader", Side.HEADEND)
        assert words.count(b"action=logout") == 1
        assert b"abgemeldet" in said(tmp_path / "reader", Side.DEVICE)
