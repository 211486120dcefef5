"""Catching up: journal → codec → projection → clocks → store, all of it, on one core."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median

from bench.day import PROTOCOL, ZONE
from bench.frames import ANSWER, statuses
from bench.places import folder
from bench.report import Report
from bench.timing import cpu_seconds
from mitmeter.daemon.ingest import Ingest
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Conversation, Side, nanoseconds
from mitmeter.store import Store

FRAMES = 8_192
_START = datetime(2026, 6, 1, tzinfo=UTC)


def run(report: Report) -> None:
    report.part("Ingest: from the journal to the store, the whole path (one core)")
    for batteries in (1, 64, 256):
        seconds = median(_catch_up(batteries) for _ in range(3))
        report.say(
            f"{FRAMES:,} frames and their answers, batteries: {batteries}",
            f"{FRAMES / seconds:9,.0f} frames/s, {seconds / FRAMES * 1e6:5.1f} µs each",
        )


def _catch_up(batteries: int) -> float:
    with folder() as place:
        write_journal(place / "journal", batteries, FRAMES)
        with (
            contextlib.closing(Store.open(place / "store.db")) as store,
            contextlib.closing(Ingest(place / "journal", store, ZONE)) as ingest,
        ):
            return cpu_seconds(ingest.catch_up, repeats=1)


def write_journal(place: Path, batteries: int, frames: int) -> None:
    """Write what a trap would have: each status when it was made, each answer right after."""
    spoken = [statuses(number, frames // batteries, _START) for number in range(batteries)]
    opened = nanoseconds(_START)
    with JournalWriter(place, clock_ns=lambda: opened) as writer:
        names = []
        for number in range(batteries):
            name = f"bench{number:011}"
            peer = f"192.0.2.1:{20_000 + number}"
            writer.open(Conversation(name, PROTOCOL, "trap", "bench", peer, opened))
            names.append(name)
        for seq, ns in islice(_ticks(opened), frames // batteries):
            for name, mine in zip(names, spoken, strict=True):
                writer.data(name, seq, Side.DEVICE, ns, mine[seq // 2], False)
                writer.data(name, seq + 1, Side.HEADEND, ns + 500_000, ANSWER, True)
            writer.flush()


def _ticks(opened: int) -> Iterator[tuple[int, int]]:
    """Yield the number of a status chunk and when it comes, ten seconds apart."""
    seq, ns = 0, opened + 200_000_000
    while True:
        yield seq, ns
        seq, ns = seq + 2, ns + int(timedelta(seconds=10).total_seconds() * 1e9)
