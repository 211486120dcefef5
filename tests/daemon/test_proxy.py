"""A proxy for any device: what passes is kept, recognised, changed and told, over real sockets."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from mitmeter import registry
from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.ingest import Ingest
from mitmeter.daemon.persona import load_persona
from mitmeter.daemon.plan import DaemonPlan, Patience, StationPlan
from mitmeter.daemon.supervisor import Daemon
from mitmeter.errors import ConfigError
from mitmeter.model import DeviceId, Reading, Side
from mitmeter.protocol import Command
from mitmeter.roles.role import Role
from mitmeter.store import Store
from tests.daemon.between import between, client, echo, noted, proxying, serving, station
from tests.daemon.plans import ANY_PORT, BATTERY, LONDON, battery, clock, heard, said, stored, trap

NOWHERE = Endpoint("tcp", "127.0.0.1", 1)


async def test_what_passes_is_kept_as_it_was_said_by_either_side(tmp_path: Path) -> None:
    async def serve(heard: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        await heard.readexactly(5)
        out.write(b"\x00welcome\xff")
        await heard.read()

    async with serving(serve) as to, proxying(tmp_path, between("tcp", to)) as running:
        async with client(running) as one:
            assert await one.ask(b"knock", 9) == b"\x00welcome\xff"
        await running.settled()
    assert said(tmp_path, Side.DEVICE) == b"knock"
    assert said(tmp_path, Side.HEADEND) == b"\x00welcome\xff"


async def test_more_than_the_disk_takes_at_once_is_kept_whole(tmp_path: Path) -> None:
    size = 24 << 20  # three times what may wait for the disk
    async with serving(echo) as to, proxying(tmp_path, between("tcp", to)) as running:
        async with client(running) as one:
            block = bytes(range(256)) * 4096
            asking = asyncio.create_task(one.heard.readexactly(size))
            for _ in range(size // len(block)):
                one.out.write(block)
                await one.out.drain()
            assert await asking == block * (size // len(block))
        await running.settled()
        assert running.services.unrecorded_bytes == 0
    assert len(said(tmp_path, Side.DEVICE)) == len(said(tmp_path, Side.HEADEND)) == size


async def test_a_battery_behind_a_proxy_that_knows_no_protocol_is_recognised_and_read(
    tmp_path: Path,
) -> None:
    time = clock(600)
    async with heard(trap(tmp_path / "trap", time)) as cloud:
        plan = replace(
            between("tcp", cloud.where), patience=Patience(idle=1e6, partial=1e6, connect=1e6)
        )
        daemon = Daemon(
            DaemonPlan("test", LONDON, (plan,), batch_seconds=0.02), tmp_path / "data", clock=time
        )
        async with heard(daemon) as seen, heard(battery(tmp_path / "b", time, seen.where)):
            await seen.until(lambda: seen.count("battery.soc") >= 20)
        assert {reading.device for reading in seen.readings} == {BATTERY}
        (told,) = seen.happened("mitmeter.protocol.recognised")
        assert told.fields == {"protocol": "alphaess"}
    live = stored(tmp_path / "data")
    assert _rebuilt(tmp_path / "data", tmp_path / "again.db") == live


async def test_a_meter_that_is_dialled_is_recognised_though_its_side_is_the_other(
    tmp_path: Path,
) -> None:
    spec = registry.spec("kamstrup")
    meter = StationPlan(
        "meter", Role.EMULATE, spec, listen=ANY_PORT, persona=load_persona(spec, ""), delay=0.0
    )
    plan = DaemonPlan("test", LONDON, (meter,))
    async with Daemon(plan, tmp_path / "meter").running() as emulated:
        to = Endpoint.parse(emulated.stations[0].where)
        async with proxying(tmp_path / "data", between("tcp", to)) as running:
            at = Endpoint.parse(running.stations[0].where)
            reader = StationPlan("reader", Role.PROBE, spec, to=at, every=3600.0)
            reading = Daemon(
                DaemonPlan("test", LONDON, (reader,), batch_seconds=0.01), tmp_path / "reader"
            )
            async with heard(reading) as seen:
                await seen.until(lambda: seen.count("grid.import") > 0)
            await running.settled()
    direct = _values(stored(tmp_path / "reader"))
    assert direct
    assert _values(stored(tmp_path / "data")) == direct


async def test_what_was_recognised_is_still_known_when_ingest_begins_in_the_middle(
    tmp_path: Path,
) -> None:
    time = clock(600)
    async with heard(trap(tmp_path / "trap", time)) as cloud:
        plan = replace(
            between("tcp", cloud.where), patience=Patience(idle=1e6, partial=1e6, connect=1e6)
        )
        daemon = Daemon(
            DaemonPlan("test", LONDON, (plan,), batch_seconds=0.02), tmp_path / "data", clock=time
        )
        async with heard(daemon) as seen, heard(battery(tmp_path / "b", time, seen.where)):
            await seen.until(lambda: seen.count("battery.soc") >= 20)
    live = stored(tmp_path / "data")
    for records in (1, 3, 7):
        place = tmp_path / f"again-{records}.db"
        more = True
        while more:
            # A crash after every few records: all that is known of the conversation is the store's.
            with Store.open(place) as store:
                ingest = Ingest(tmp_path / "data" / "journal", store, LONDON)
                more = ingest.step(None, records) > 0
                ingest.close()
        with Store.open(place, read_only=True) as store:
            assert list(store.readings(limit=None)) == live


def _values(readings: list[Reading]) -> set[tuple[DeviceId, str, str]]:
    return {(each.device, each.quantity, str(each.value)) for each in readings}


def _rebuilt(data: Path, place: Path) -> list[Reading]:
    with Store.open(place) as store:
        ingest = Ingest(data / "journal", store, LONDON)
        ingest.catch_up()
        ingest.close()
        return list(store.readings(limit=None))


async def test_who_does_not_read_is_not_read_for(tmp_path: Path) -> None:
    reading = asyncio.Event()

    async def lazy(heard: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        await reading.wait()
        while await heard.read(1 << 20):
            pass

    async with (
        serving(lazy) as to,
        proxying(tmp_path, between("tcp", to)) as running,
        client(running) as one,
    ):
        one.out.write(bytes(48 << 20))
        draining = asyncio.create_task(one.out.drain())
        done, _ = await asyncio.wait({draining}, timeout=1.0)
        assert not done
        reading.set()
        await draining


# --- rules


async def test_a_replaced_message_is_kept_as_it_was_and_as_it_became(tmp_path: Path) -> None:
    plan = between("tcp", NOWHERE, "replace", options={"replace-device": '"on"=>"never"'})
    async with serving(echo) as to, proxying(tmp_path, replace(plan, to=to)) as running:
        async with client(running) as one:
            assert await one.ask(b"turn on\n", 11) == b"turn never\n"
        await running.settled()
    assert said(tmp_path, Side.DEVICE, ours=False) == b"turn on\n"
    assert said(tmp_path, Side.DEVICE, ours=True) == b"turn never\n"
    (told,) = noted(tmp_path, "mitmeter.rule.changed")
    assert told.fields == {"to": "headend", "bytes": 8, "why": "'on' replaced"}


async def test_a_dropped_message_is_kept_as_it_was(tmp_path: Path) -> None:
    plan = between("tcp", NOWHERE, "replace", options={"replace": '"bye\\n"=>""'})
    async with serving(echo) as to, proxying(tmp_path, replace(plan, to=to)) as running:
        async with client(running) as one:
            one.out.write(b"bye\n")
            assert await one.ask(b"hello\n", 6) == b"hello\n"
        await running.settled()
    assert said(tmp_path, Side.DEVICE, ours=False) == b"bye\nhello\n"
    assert said(tmp_path, Side.DEVICE, ours=True) == b""
    (told,) = noted(tmp_path, "mitmeter.rule.dropped")
    assert told.fields["bytes"] == 4


async def test_a_replaced_http_body_has_its_length_made_right(tmp_path: Path) -> None:
    async def serve(heard: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        await heard.readuntil(b"\r\n\r\n")
        out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nprice 100")
        await heard.read()

    plan = between("tcp", NOWHERE, "replace", options={"replace": '"price 100"=>"free"'})
    async with (
        serving(serve) as to,
        proxying(tmp_path, replace(plan, to=to)) as running,
        client(running) as one,
    ):
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfree"
        assert await one.ask(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", len(answer)) == answer


async def test_an_operator_says_something_to_a_side_between_two_messages(tmp_path: Path) -> None:
    async with serving(echo) as to, proxying(tmp_path, between("tcp", to, "inject")) as running:
        async with client(running) as one:
            await one.ask(b"a\n", 2)
            wish = {"to": "device", "hex": "00 ff"}
            device = DeviceId("tcp", "between")
            answer = await running.services.command(Command("1", device, "inject", wish))
            assert (answer.accepted, answer.text) == (True, "2 bytes were said to the device")
            assert await one.heard.readexactly(2) == b"\x00\xff"
        await running.settled()
        answer = await running.services.command(Command("2", device, "inject", wish))
        assert (answer.accepted, answer.text) == (False, "tcp:between is not connected")
    assert said(tmp_path, Side.HEADEND, ours=True) == b"\x00\xff"


def test_a_wrong_option_of_a_rule_is_told_at_the_start(tmp_path: Path) -> None:
    async def started(**options: str) -> None:
        async with proxying(tmp_path, between("tcp", NOWHERE, "replace", options=options)):
            pass

    for options, key in (
        ({}, "options.replace: says what the rule replace is to do"),
        ({"replace": "on=>off"}, "options.replace: on=>off is not FROM=>TO"),
        ({"replace-headend": '""=>"a"'}, 'options.replace-headend: ""=>"a" replaces nothing'),
        ({"replace": "ABC=>00"}, "options.replace: ABC has half a byte"),
    ):
        with pytest.raises(ConfigError) as told:
            asyncio.run(started(**options))
        assert str(told.value).startswith(key)


# --- bypassing


async def test_a_bypassed_proxy_leaves_old_and_new_conversations_alone_and_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = between("tcp", NOWHERE, "replace", options={"replace": '"a"=>"b"'})
    async with serving(echo) as to, proxying(tmp_path, replace(plan, to=to)) as running:
        proxy = station(running)
        async with client(running) as one:
            assert await one.ask(b"a\n", 2) == b"b\n"
            began = await running._request({"do": "bypass", "station": "between", "seconds": 900})
            assert began["text"].startswith("between passes everything on without rules until ")
            assert running.status()["stations"][0]["bypassed_until"] is not None
            assert await one.ask(b"a\n", 2) == b"a\n"
            async with client(running) as two:
                assert await two.ask(b"a\n", 2) == b"a\n"
            ended = await running._request({"do": "bypass", "station": "between", "seconds": None})
            assert ended == {"text": "between applies its rules again: an operator wants them back"}
            assert await one.ask(b"a\n", 2) == b"b\n"
            proxy.bypass(0.05)
            ended_again = asyncio.Event()
            monkeypatch.setattr(proxy, "_tell", lambda *_, **__: ended_again.set())
            await ended_again.wait()
            assert await one.ask(b"a\n", 2) == b"b\n"
            assert running.status()["stations"][0]["bypassed_until"] is None
        await running.settled()
    assert len(noted(tmp_path, "mitmeter.bypass.began")) == 2
    (told,) = noted(tmp_path, "mitmeter.bypass.ended")
    assert told.fields == {"rules": "replace"}


async def test_bypassing_what_is_no_proxy_or_is_unknown_is_refused_clearly(
    tmp_path: Path,
) -> None:
    async with trap(tmp_path / "trap", clock(1)).running() as running:
        wish = {"do": "bypass", "station": "battery", "seconds": 60}
        assert await running._request(wish) == {
            "error": "station battery: is a trap: only a proxy can be bypassed"
        }
        assert await running._request({**wish, "station": "x"}) == {
            "error": "no station 'x' runs here; there is battery"
        }


async def test_a_proxy_without_rules_says_that_there_is_nothing_to_bypass(tmp_path: Path) -> None:
    async with proxying(tmp_path, between("tcp", NOWHERE)) as running:
        assert station(running).bypass(60) == (
            "between has no rules: it passes everything on as it is"
        )
        assert station(running).bypassed_until is None


# --- where to


async def test_who_connects_directly_is_told_that_original_needs_a_redirect(
    tmp_path: Path,
) -> None:
    plan = between("tcp", Endpoint.parse_onward("original"))
    async with proxying(tmp_path, plan) as running:
        async with client(running) as one:
            assert await one.heard.read() == b""
        await running.settled()
    (told,) = noted(tmp_path, "mitmeter.upstream.unreachable")
    assert told.message.startswith("the connection was made to us directly")


async def test_a_proxy_that_leads_to_itself_says_so_and_connects_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxying(tmp_path, between("tcp", NOWHERE)) as running:
        proxy = station(running)
        own = Endpoint.parse(proxy.where)
        # By a name, as it may be found to be ours later on.
        monkeypatch.setattr(proxy._onward, "_to", replace(own, host="localhost"))
        async with client(running) as one:
            assert await one.heard.read() == b""
        await running.settled()
    (told,) = noted(tmp_path, "mitmeter.upstream.unreachable")
    assert told.message == f"tcp://localhost:{own.port} cannot be reached: that is ourselves"
