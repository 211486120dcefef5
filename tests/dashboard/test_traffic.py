"""Conversations and messages, with peers that mean no good."""

import asyncio
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from mitmeter.daemon.plan_web import WebPlan
from mitmeter.model import Side
from tests.daemon.plans import BATTERY, said
from tests.dashboard.served_window import ANYWHERE, Served, served, served_with_battery

HOSTILE = b"<script>alert(1)</script>\x1b[31m\xff\x00 \"'&"


async def talked(window: Served, data: bytes) -> str:
    """Say something to the trap as a stranger, hang up, and return the conversation's id."""
    reader, writer = await asyncio.open_connection(window.seen.where.host, window.seen.where.port)
    writer.write(data)
    writer.write_eof()
    async with asyncio.timeout(10):
        await reader.read()
    writer.close()
    await window.seen.until(lambda: bool(window.seen.happened("mitmeter.conversation.closed")))
    (item, *_) = (await window.control.ask("/api/v1/conversations?live=false")).json["items"]
    return str(item["id"])


async def test_every_message_is_on_exactly_one_page(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path, readings=150) as window:
        (talk,) = (await window.control.ask("/api/v1/conversations")).json["items"]
        path = f"/api/v1/conversations/{talk['id']}/messages"
        items = await window.control.items(path, limit=33)
    ids = [each["id"] for each in items]
    assert len(ids) == len(set(ids)) > 300
    assert [each["at"] for each in items] == sorted((each["at"] for each in items), reverse=True)
    assert {each["error"] for each in items} == {""}
    assert {each["type"] for each in items if each["id"].endswith("/0")} == {"Login"}
    # All bytes are in one message or another.
    device = sum(each["size"] for each in items if each["sender"] == "device")
    assert device <= len(said(tmp_path / "trap", Side.DEVICE))
    seqs = {int(each["id"].split("/")[1].split(".")[0]) for each in items}
    assert seqs == set(range(max(seqs) + 1)) - missing_from(seqs)


def missing_from(seqs: set[int]) -> set[int]:
    """Chunks that end no message: the battery's longest ones come in several."""
    gaps = set(range(max(seqs) + 1)) - seqs
    assert len(gaps) < 10
    return gaps


async def test_a_message_shows_its_bytes_its_tree_and_its_readings(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path, readings=80) as window:
        (talk,) = (await window.control.ask("/api/v1/conversations")).json["items"]
        newest = (await window.control.ask("/api/v1/readings?quantity=battery.soc&limit=30")).json
        source = newest["items"][-1]["source"]
        whole = (await window.control.ask(f"/api/v1/messages/{source}")).json
        assert whole["id"] == source
        assert whole["type"] == whole["decoded"]["type"] == "Status"
        members = json.loads(bytes.fromhex(whole["raw_hex"])[7:-2])
        assert whole["decoded"]["members"]["SOC"] == members["SOC"]
        assert '"SOC"' in whole["text"]
        assert newest["items"][-1] in whole["readings"]
        listed = await find(window, talk["id"], source)
        assert len(whole["readings"]) == listed["readings"]
        assert {each["device"] for each in whole["readings"]} == {str(BATTERY)}
        for wrong in ("99999", "0.7", "x", "-1"):
            answer = await window.control.ask(f"/api/v1/messages/{talk['id']}/{wrong}")
            assert answer.status in (404, 422), wrong
        assert (await window.control.ask("/api/v1/messages/NONE/0")).status == 404


async def find(window: Served, talk: str, identity: str) -> dict[str, Any]:
    items = await window.control.items(f"/api/v1/conversations/{talk}/messages", limit=500)
    return next(each for each in items if each["id"] == identity)


async def test_what_cannot_be_decoded_is_listed_and_can_be_looked_for(tmp_path: Path) -> None:
    async with served(tmp_path) as window:
        name = await talked(window, HOSTILE)
        path = f"/api/v1/conversations/{name}/messages"
        items = (await window.control.ask(f"{path}?verdict=undecodable")).json["items"]
        assert items
        assert all(each["error"] and not each["type"] for each in items)
        assert sum(each["size"] for each in items) == len(HOSTILE)
        assert (await window.control.ask(f"{path}?verdict=decoded")).json["items"] == []
        assert (await window.control.ask(f"{path}?sender=headend")).json["items"] == []
        word = items[0]["error"].split()[0]
        assert (await window.control.ask(f"{path}?q={word}")).json["items"]
        assert (await window.control.ask(f"{path}?q=no-such-words")).json["items"] == []
        raws = []
        for each in items:
            whole = await window.control.ask(f"/api/v1/messages/{each['id']}")
            assert whole.status == 200, each
            assert whole.json["decoded"] is None
            raws.append(bytes.fromhex(whole.json["raw_hex"]))
        assert b"".join(reversed(raws)) == HOSTILE


async def test_what_a_peer_says_never_becomes_markup(tmp_path: Path) -> None:
    async with served(tmp_path) as window:
        name = await talked(window, HOSTILE)
        for path in (
            "/api/v1/events",
            "/api/v1/conversations",
            f"/api/v1/conversations/{name}/messages",
            f"/api/v1/messages/{name}/0",
            "/api/v1/health",
        ):
            answer = await window.control.ask(path)
            assert answer.headers["Content-Type"] == "application/json"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.json is not None
            assert b"\x1b" not in answer.body


async def test_a_conversation_can_be_taken_away_in_three_forms(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path) as window:
        (talk,) = (await window.control.ask("/api/v1/conversations")).json["items"]
        path = f"/api/v1/conversations/{talk['id']}/export?format="
        capture = await window.control.ask(f"{path}pcapng")
        assert capture.body.startswith(b"\x0a\x0d\x0d\x0a")
        lines = (await window.control.ask(f"{path}jsonl")).body.splitlines()
        spoken = b"".join(
            bytes.fromhex(each["hex"])
            for each in map(json.loads, lines)
            if each["sender"] == "device"
        )
        assert said(tmp_path / "trap", Side.DEVICE).startswith(spoken)
        bundle = await window.control.ask(f"{path}redacted")
        with zipfile.ZipFile(io.BytesIO(bundle.body)) as held:
            journal = b"".join(
                held.read(name) for name in held.namelist() if name.startswith("journal/")
            )
        serial = BATTERY.serial.encode()
        assert serial.hex().encode() in b"".join(lines)
        assert journal
        assert serial not in journal
        assert serial.hex().encode() not in journal
        assert (await window.control.ask(f"{path}exe")).status == 422
        assert not list((tmp_path / "trap").glob("copy-*"))


async def test_who_came_to_a_trap_is_no_visit_at_a_honeypot(tmp_path: Path) -> None:
    async with served(tmp_path, web=WebPlan(listen=ANYWHERE)) as window:
        await talked(window, HOSTILE)
        assert (await window.control.ask("/api/v1/sessions")).json == {"items": [], "next": None}
