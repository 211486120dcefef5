"""Bytes at rest and bytes written: one battery's simulated day, through journal and store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path

from bench.day import START, ZONE, chunks
from bench.places import folder
from bench.report import Report
from mitmeter.daemon.ingest import Ingest
from mitmeter.journal.seal import seal
from mitmeter.journal.segments import segments
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Chunk, Side, nanoseconds
from mitmeter.store import Store

# The daemon brings what nobody waits for to the disk after half a second, to the store after one.
_QUIET_NS = 500_000_000


@dataclass(slots=True)
class Written:
    """What went to the disk: `flushes` or commits, their bytes, and those of the pages touched."""

    times: int = 0
    asked: int = 0
    pages: int = 0

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        asked, pages = _written()
        yield
        now_asked, now_pages = _written()
        self.times += 1
        self.asked += now_asked - asked
        self.pages += now_pages - pages


def run(report: Report) -> None:
    report.part("Sizes: one battery's simulated day, 8,640 statuses and 288 telemetries")
    with folder() as place:
        recorded = chunks()
        frames = sum(chunk.sender is Side.DEVICE for chunk in recorded)
        wire = sum(len(chunk.data) for chunk in recorded)
        report.say(
            "on the wire, both ways", f"{wire / 1e6:6.2f} MB, {wire / frames:4.0f} B a frame"
        )
        journal, store = _live_through(place, recorded)
        with contextlib.closing(Store.open(place / "store.db", read_only=True)) as held:
            readings = sum(series.readings for series in held.series())
        sealed = seal(segments(place / "journal")[0])
        for what, size in (
            ("journal, as written", sealed.before),
            ("journal, sealed", sealed.after),
            ("store", (place / "store.db").stat().st_size),
        ):
            report.say(
                what,
                f"{size / 1e6:6.2f} MB, {size / frames:4.0f} B a frame, "
                f"{size / readings:5.1f} B a reading",
            )
        _wear(report, journal, store, sealed.after)


def _wear(report: Report, journal: Written, store: Written, sealed: int) -> None:
    total = journal.pages + store.pages + sealed
    for what, each in (
        (f"journal ({journal.times:,} syncs)", journal),
        (f"store ({store.times:,} transactions)", store),
    ):
        report.say(
            f"written a day, {what}",
            f"{each.pages / 1e6:6.1f} MB in whole pages, {each.asked / 1e6:6.1f} MB asked for",
        )
    report.say(
        "written a day in all: the wear of an SD card",
        f"{total / 1e6:6.1f} MB, {total * 365 / 1e9:.0f} GB a year" if total else "not told here",
    )


def _live_through(place: Path, recorded: tuple[Chunk, ...]) -> tuple[Written, Written]:
    """Do what a trap does all day, one message every ten seconds, as fast as the disk takes it.

    Each message is synced before it is answered, the answer soon after; once nothing has been said
    for a while, ingest commits what has become durable.
    """
    journal, store = Written(), Written()
    now = [nanoseconds(START)]
    with (
        JournalWriter(place / "journal", clock_ns=lambda: now[0]) as writer,
        contextlib.closing(Store.open(place / "store.db")) as held,
        contextlib.closing(Ingest(place / "journal", held, ZONE)) as ingest,
    ):
        known: set[str] = set()
        for chunk, after in zip_longest(recorded, recorded[1:]):
            conversation = chunk.conversation
            now[0] = min(chunk.received_ns, _last_moment())
            if conversation.id not in known:
                known.add(conversation.id)
                writer.open(conversation)
            writer.data(
                conversation.id, chunk.seq, chunk.sender, chunk.received_ns, chunk.data, chunk.ours
            )
            quiet = after is None or after.received_ns - chunk.received_ns > _QUIET_NS
            if quiet or not chunk.ours:
                with journal.counting():
                    writer.flush()
            if quiet:
                with store.counting():
                    ingest.catch_up()
        with store.counting():
            ingest.close()
            held.close()
    return journal, store


def _last_moment() -> int:
    """The last nanosecond of the day, so that the day is one segment."""
    return nanoseconds(START + timedelta(days=1)) - 1


def _written() -> tuple[int, int]:
    """Return the bytes this process has asked to be written, and those of the pages it touched."""
    told = dict(line.split(": ") for line in Path("/proc/self/io").read_text("ascii").splitlines())
    return int(told["wchar"]), int(told["write_bytes"])
