"""The connection to a real broker: logins, TLS, the will, refusals in words."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import aiomqtt
import pytest

from mitmeter.errors import SinkError
from mitmeter.model import Secret
from mitmeter.sinks.backoff import Backoff
from mitmeter.sinks.mqtt_link import BrokerLink, BrokerPlan
from tests.sinks.mqtt_kit import StrictBroker, plan_for, retained, subscribed
from tests.sinks.sinkkit import until
from tests.transport.broker import NEEDS_MOSQUITTO, Broker, broker, free_port

pytestmark = NEEDS_MOSQUITTO

WILL = "mitmeter/home/availability"


class Greeter:
    """Counts greetings, notes what is heard."""

    def __init__(self) -> None:
        self.greeted = 0
        self.heard: list[tuple[str, bytes, bool]] = []
        self.troubles: list[str] = []

    async def greet(self) -> None:
        self.greeted += 1

    def link(self, plan: BrokerPlan, topics: Sequence[str] = ("x/#",)) -> BrokerLink:
        return BrokerLink(
            plan,
            will=WILL,
            topics=topics,
            heard=lambda *each: self.heard.append(each),
            greet=self.greet,
            trouble=self.troubles.append,
            backoff=Backoff(0.01, 0.05),
        )


@contextlib.asynccontextmanager
async def linked(plan: BrokerPlan) -> AsyncIterator[tuple[BrokerLink, Greeter]]:
    greeter = Greeter()
    link = greeter.link(plan)
    link.start()
    try:
        yield link, greeter
    finally:
        await link.stop()


@pytest.mark.parametrize(("guarded", "secret"), [(False, False), (True, False), (True, True)])
async def test_a_message_is_confirmed_with_and_without_login_and_tls(
    tmp_path: Path, guarded: bool, secret: bool
) -> None:
    async with broker(tmp_path, guarded=guarded, secret=secret) as there:
        async with linked(plan_for(there).broker) as (link, greeter):
            await link.ready()
            await link.publish("a/b", b"c")
            assert greeter.greeted == 1
        held = await retained(there)
    assert held.held == {"a/b": b"c", WILL: b"offline"}


async def test_a_broker_that_asks_for_a_certificate_is_shown_ours(tmp_path: Path) -> None:
    there = StrictBroker(tmp_path)
    await there.start()
    try:
        plan = replace(plan_for(there).broker, certificate=there.certificate, key=there.key)
        async with linked(plan) as (link, _):
            await link.ready()
            await link.publish("a/b", b"c")
        without = replace(plan_for(there).broker, timeout=1.0)
        async with linked(without) as (link, _):
            with pytest.raises(SinkError, match="mqtts://localhost:"):
                await link.ready()
    finally:
        there.stop()


async def test_a_wrong_password_is_told_without_it(tmp_path: Path) -> None:
    async with broker(tmp_path, guarded=True) as there:
        plan = replace(plan_for(there).broker, password=Secret("not-this-one"))
        async with linked(plan) as (link, greeter):
            with pytest.raises(SinkError, match="refuses the user name or password") as failed:
                await link.ready()
    assert "not-this-one" not in str(failed.value)
    assert greeter.greeted == 0


async def test_a_certificate_nobody_trusts_is_told(tmp_path: Path) -> None:
    async with broker(tmp_path, secret=True) as there:
        plan = replace(plan_for(there).broker, ca=None)
        async with linked(plan) as (link, _):
            with pytest.raises(SinkError, match="its certificate is not trusted"):
                await link.ready()


async def test_nobody_there_is_told(tmp_path: Path) -> None:
    plan = BrokerPlan("127.0.0.1", free_port(), "mitmeter-home-mqtt")
    async with linked(plan) as (link, _):
        with pytest.raises(SinkError, match="connection refused"):
            await link.ready()
        with pytest.raises(SinkError, match="connection refused"):
            await link.publish("a", b"b")


@pytest.mark.parametrize("key", ["ca", "certificate"])
async def test_a_file_that_is_not_there_is_named(tmp_path: Path, key: str) -> None:
    plan = BrokerPlan("127.0.0.1", 1, "mitmeter-home-mqtt", tls=True)
    plan = replace(plan, **{key: tmp_path / "missing.pem"})  # type: ignore[arg-type]  # of two keys
    async with linked(plan) as (link, _):
        with pytest.raises(SinkError, match=r"missing\.pem: No such file"):
            await link.ready()


async def test_somebody_who_takes_connections_and_says_nothing_is_given_up(tmp_path: Path) -> None:
    taken: list[asyncio.StreamWriter] = []

    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(writer)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    plan = BrokerPlan(
        "127.0.0.1", server.sockets[0].getsockname()[1], "mitmeter-home-mqtt", timeout=0.2
    )
    async with linked(plan) as (link, _):
        with pytest.raises(SinkError, match="did not answer in time"):
            await link.ready()
    for writer in taken:
        writer.close()
    server.close()
    await server.wait_closed()


async def test_the_broker_says_for_us_that_we_were_cut_off(tmp_path: Path) -> None:
    async with broker(tmp_path) as there, subscribed(there, WILL) as heard:
        async with linked(plan_for(there).broker) as (link, _):
            await link.ready()
            await until(lambda: heard.held.get(WILL) == b"online")
            # Whoever comes with our name throws us out; then we throw that one out.
            async with aiomqtt.Client("127.0.0.1", there.port, identifier="mitmeter-home-mqtt"):
                await until(lambda: len(heard.heard) >= 3)
        await until(lambda: heard.heard[-1][1] == b"offline")
    assert [said for _, said in heard.heard][:3] == [b"online", b"offline", b"online"]


async def test_who_ends_in_peace_says_so(tmp_path: Path) -> None:
    async with broker(tmp_path) as there, subscribed(there, WILL) as heard:
        async with linked(plan_for(there).broker) as (link, _):
            await link.ready()
        await until(lambda: len(heard.heard) == 2)
    assert [said for _, said in heard.heard] == [b"online", b"offline"]


async def test_who_says_that_we_are_gone_while_we_are_not_is_contradicted(tmp_path: Path) -> None:
    async with (
        broker(tmp_path) as there,
        subscribed(there) as heard,
        linked(plan_for(there).broker) as (link, _),
    ):
        await link.ready()
        # As the broker does when it notices late that an earlier connection has gone.
        await there.publish(WILL, b"offline", retain=True)
        await until(lambda: [each for _, each in heard.heard][-2:] == [b"offline", b"online"])


async def test_after_a_restart_of_the_broker_we_are_there_again_and_greet(tmp_path: Path) -> None:
    async with broker(tmp_path) as there, linked(plan_for(there).broker) as (link, greeter):
        await link.ready()
        there.stop()
        await until(lambda: not link.is_up)
        with pytest.raises(SinkError):
            await link.publish("a/b", b"c")
        await there.start()
        await until(lambda: link.is_up)
        assert greeter.greeted == 2
        await link.publish("a/b", b"c")


async def test_what_is_subscribed_to_is_heard_with_its_retain_mark(tmp_path: Path) -> None:
    async with broker(tmp_path) as there:
        await there.publish("x/old", b"1", retain=True)
        async with linked(plan_for(there).broker) as (link, greeter):
            await link.ready()
            await there.publish("x/new", b"2")
            await until(lambda: len(greeter.heard) == 2)
    assert greeter.heard == [("x/old", b"1", True), ("x/new", b"2", False)]


@contextlib.asynccontextmanager
async def ruled(folder: Path, rules: str) -> AsyncIterator[Broker]:
    """A broker with rules who may what."""
    there = Broker(folder)
    (folder / "rules").write_text(rules)
    with there._settings.open("a") as file:
        file.write(f"acl_file {folder / 'rules'}\n")
    await there.start()
    try:
        yield there
    finally:
        there.stop()


async def test_a_broker_that_throws_away_what_it_confirms_is_told_of(tmp_path: Path) -> None:
    async with ruled(tmp_path, "topic readwrite elsewhere/#\n") as there:
        plan = replace(plan_for(there).broker, timeout=0.5)
        async with linked(plan) as (link, greeter):
            await link.ready()
            assert len(greeter.troubles) == 1
            assert "may we write and read there?" in greeter.troubles[0]


async def test_a_broker_that_lets_us_is_not_complained_of(tmp_path: Path) -> None:
    async with (
        ruled(tmp_path, "topic readwrite mitmeter/#\n") as there,
        linked(plan_for(there).broker) as (link, greeter),
    ):
        await link.ready()
        assert greeter.troubles == []
