"""The store alone: readings that have their times already, committed in batches."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench.day import PROTOCOL, ZONE, chunks
from bench.places import folder
from bench.report import Report
from bench.timing import cpu_seconds
from mitmeter import registry
from mitmeter.model import Chunk, DeviceId, Reading, Side
from mitmeter.protocol import Decoded
from mitmeter.store import Batch, ClockBook, Moment, Store

Grouped = list[tuple[str, list[Reading]]]


def run(report: Report) -> None:
    report.part("Store: dating and applying readings of one simulated day (one core)")
    grouped = _readings(chunks())
    total = sum(len(readings) for _, readings in grouped)
    seconds = cpu_seconds(lambda: _date(grouped))
    report.say("clock book: dating readings", f"{total / seconds:9,.0f} readings/s")
    moments = _date(grouped)
    for batch in (1, 50, 1000):
        seconds = median(_apply(moments, batch) for _ in range(3))
        held = "1 frame" if batch == 1 else f"{batch:,} frames"
        report.say(f"apply, {held} a transaction", f"{total / seconds:9,.0f} readings/s")
    # In turn each speaks every 43 minutes, so that hardly two readings share a roll-up.
    in_turn = [_renamed(moment, number % 256) for number, moment in enumerate(moments)]
    at_once = [
        _renamed(moment, number) for moment in moments[: len(moments) // 64] for number in range(64)
    ]
    for what, many in (
        ("256 batteries in turn", in_turn),
        ("64 batteries side by side", at_once),
    ):
        count = sum(len(moment.readings) for moment in many)
        seconds = median(_apply(many, 50) for _ in range(3))
        report.say(f"apply, 50 frames of {what}", f"{count / seconds:9,.0f} readings/s")


def _readings(recorded: tuple[Chunk, ...]) -> Grouped:
    spec = registry.spec(PROTOCOL)
    codec, projection = spec.codec(), spec.projection()
    grouped: Grouped = []
    for chunk in recorded:
        if chunk.sender is not Side.DEVICE:
            continue
        found = [
            each
            for item in codec.feed(chunk.sender, chunk.data)
            if isinstance(item, Decoded)
            for each in projection.project(chunk.sender, item.message, chunk.received)
            if isinstance(each, Reading)
        ]
        if found:
            grouped.append((chunk.id, found))
    return grouped


def _date(grouped: Grouped) -> list[Moment]:
    book = ClockBook(ZONE)
    return [
        moment for source, readings in grouped for moment in book.date(readings, source).moments
    ]


def _renamed(moment: Moment, number: int) -> Moment:
    device = DeviceId(PROTOCOL, f"AL990000{number:07}")
    return replace(moment, readings=[replace(each, device=device) for each in moment.readings])


def _apply(moments: list[Moment], batch: int) -> float:
    """Return the processor seconds it takes to apply the moments to an empty store."""
    with folder() as place, contextlib.closing(Store.open(Path(place) / "store.db")) as store:
        batches = [
            Batch(str(at), moments=moments[at : at + batch]) for at in range(0, len(moments), batch)
        ]
        return cpu_seconds(lambda: [store.apply(each) for each in batches], repeats=1)
