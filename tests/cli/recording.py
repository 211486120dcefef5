"""A data directory with simulated hours of a battery in it, made without sockets or waiting."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mitmeter import registry
from mitmeter.daemon.persona import load_persona
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Chunk, Conversation, DeviceId, Event, Severity, nanoseconds
from mitmeter.simulate import House, Site
from mitmeter.testing.cutting import cut_at
from mitmeter.testing.dialogue import Dialogue, Line, dialogue

SPEC = registry.spec("alphaess")
START = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)
SERIAL = "AL9900000000007"
BATTERY = DeviceId("alphaess", SERIAL)
FIRST, SECOND = "01KV600000AAAAAA", "01KV600001BBBBBB"
PEER = "192.168.101.7:50123"
# Cuts what is said so that a status report's serial number lies across two chunks.
PIECES = cut_at(50, 750, 1450, 2150)
# What of the shipped persona nobody else is to see.
PRIVATE = (SERIAL, "example-pass", "1 Sample Street", "192.168.101.7", "LIC0000000000001")


def talk() -> Dialogue[object]:
    """Return an hour and a half of battery and trap, with the line cut once in between."""
    house = House(1, START.replace(month=1, day=1), Site())
    made = dialogue(
        SPEC,
        start=START,
        house=house,
        zone=UTC,
        persona=load_persona(SPEC, "smile5"),
        line=Line(cut=PIECES),
    )
    return made.run(minutes=40).disconnect(600).run(minutes=50)


def record(data: Path) -> Path:
    """Write the hours into a journal of a data directory; return the directory."""
    said = talk()
    told = list(dict.fromkeys(chunk.conversation.id for chunk in said.chunks))
    ids = dict(zip(told, (FIRST, SECOND), strict=True))
    closed = [nanoseconds(closing.at) for closing in said.closings]
    with JournalWriter(data / "journal", clock_ns=lambda: nanoseconds(START)) as writer:
        open_now: Conversation | None = None
        for chunk in said.chunks:
            who = renamed(chunk.conversation, ids[chunk.conversation.id])
            if open_now is None or open_now.id != who.id:
                if open_now is not None:
                    writer.close(open_now.id, "the line was cut", closed[0])
                writer.open(who)
                open_now = who
                if who.id == SECOND:
                    writer.note(refused(chunk), who.id, who.station)
            # No two chunks of a moment have the same time.
            at = chunk.received_ns + 1000 * chunk.seq
            writer.data(who.id, chunk.seq, chunk.sender, at, chunk.data, chunk.ours)
    return data


def renamed(conversation: Conversation, name: str) -> Conversation:
    return replace(conversation, id=name, station="battery", peer=PEER)


def refused(chunk: Chunk) -> Event:
    """Return an event as a daemon notes it, with private things in its words and fields."""
    return Event(
        "mitmeter.command.refused",
        chunk.received + timedelta(microseconds=1),
        f"command set for {BATTERY} refused: not from {PEER}, example-pass was wrong",
        Severity.NOTICE,
        BATTERY,
        {"peer": PEER, "tried": (SERIAL, "nobody"), "count": 1, "hex": "41"},
    )
