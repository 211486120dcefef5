"""`mitmeter probe` of a device that is dialled: read it, print what it said, and be done."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from mitmeter.cli.files import write_new
from mitmeter.cli.output import json_text, print_line, reading_object, value_text
from mitmeter.cli.overheard import Overheard, recorded
from mitmeter.cli.runner import run_loop, stop_event
from mitmeter.cli.scan import ScanBook
from mitmeter.cli.settings import Settings, set_up_logging
from mitmeter.cli.table import Column, print_table
from mitmeter.daemon.plan import DaemonPlan
from mitmeter.daemon.reader import ReaderStation, Visit
from mitmeter.daemon.supervisor import JOURNAL, Daemon
from mitmeter.errors import MitmeterError
from mitmeter.model import Event, Reading, printable, quantity
from mitmeter.protocol import READ, Listed, Progress

_COLUMNS = (Column("name"), Column("value", right=True), Column("unit"))
# The store is given this long to take in what was read.
_SETTLE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """How what was read is to be shown and kept."""

    as_json: bool = False
    persona: Path | None = None
    scan: ScanBook | None = None


def read_device(plan: DaemonPlan, settings: Settings, wanted: Wanted) -> int:
    """Read the device of the plan's one station until it has been read, or, where the station comes
    again, until SIGTERM or Ctrl-C. Raises MitmeterError when a single visit brought nothing.
    """
    set_up_logging(settings.verbosity)
    stopped = False

    async def work() -> None:
        nonlocal stopped
        stop = stop_event()
        daemon = Daemon(plan, settings.data)
        async with daemon.running():
            (station,) = daemon.stations
            assert isinstance(station, ReaderStation)  # noqa: S101 - the plan says so
            with _bar(wanted, settings) as moved:
                stopped = await _Reading(daemon, station, wanted, moved).until(stop)

    run_loop(work)
    if stopped and plan.stations[0].every is None:
        if wanted.scan is not None:
            print(_resumable(wanted.scan.progress, "stopped"), file=sys.stderr)
        raise click.exceptions.Abort
    return 0


class _Reading:
    """The visits of one station, each shown when it is over."""

    def __init__(self, daemon: Daemon, station: ReaderStation, wanted: Wanted, moved: Any) -> None:
        self._daemon = daemon
        self._station = station
        self._wanted = wanted
        self._moved = moved
        self._said = Overheard(station.plan.spec)
        self._readings: list[Reading] = []
        self._visits: asyncio.Queue[Visit] = asyncio.Queue()

    async def until(self, stop: asyncio.Event) -> bool:
        """Return whether it was stopped before it was done."""
        station, ingest = self._station, self._daemon.ingest
        assert ingest is not None  # noqa: S101 - the daemon is running
        self._daemon.services.watchers.append(self._said)
        ingest.listeners.append(self._heard)
        station.begun, station.progress = self._begun, self._progress
        station.visited = self._visits.put_nowait
        station.begin()
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while True:
                next_one = asyncio.ensure_future(self._visits.get())
                done, _ = await asyncio.wait(
                    {next_one, stopping}, return_when=asyncio.FIRST_COMPLETED
                )
                if next_one not in done:
                    next_one.cancel()
                    return True
                await self._show(next_one.result())
                if station.plan.every is None:
                    return False
        finally:
            stopping.cancel()
            if self._wanted.scan is not None and not self._wanted.scan.finished:
                self._wanted.scan.save()

    def _begun(self, conversation: str) -> None:
        self._said.begin()
        self._readings.clear()
        if self._wanted.scan is not None:
            self._wanted.scan.begun(conversation)

    def _progress(self, progress: Progress) -> None:
        if self._wanted.scan is not None:
            self._wanted.scan.reached(progress)
        self._moved(progress)

    def _heard(self, _events: list[Event], readings: list[Reading]) -> None:
        self._readings += readings

    async def _show(self, visit: Visit) -> None:
        try:
            async with asyncio.timeout(_SETTLE_SECONDS):
                await self._daemon.settled()
        except TimeoutError:
            raise MitmeterError("the store cannot be written; what was read is recorded") from None
        plan = self._station.plan
        of_it = [
            each for each in self._readings if each.source.startswith(f"{visit.conversation}/")
        ]
        said = self._all_said(visit)
        rows = said.listing() if plan.spec.listing else [_listed(each) for each in of_it]
        if not rows and plan.every is None:
            raise MitmeterError(self._nothing(visit))
        if self._wanted.as_json:
            for each in of_it:
                print_line(json_text(reading_object(each)))
        elif rows:
            print_table(_COLUMNS, map(_row, rows), "")
        sys.stdout.flush()
        self._keep(said, visit)

    def _all_said(self, visit: Visit) -> Overheard:
        """Return what was said in this visit; of a scan that went on, in the ones before too."""
        scan = self._wanted.scan
        if scan is None or len(scan.conversations) < 2:
            return self._said
        journal = self._daemon.data / JOURNAL
        return recorded(self._station.plan.spec, journal, {*scan.conversations})

    def _keep(self, said: Overheard, visit: Visit) -> None:
        """Write the persona, and judge a scan that has not come to its end."""
        scan = self._wanted.scan
        if scan is not None and not scan.finished:
            raise MitmeterError(_resumable(scan.progress, visit.reason))
        if visit.reason != READ and self._station.plan.every is None:
            raise MitmeterError(f"not everything could be read: {visit.reason}")
        portrait = self._station.plan.spec.portrait
        if self._wanted.persona is not None and portrait is not None:
            write_new(self._wanted.persona, portrait(said.messages))
        if scan is not None:
            scan.forget()

    def _nothing(self, visit: Visit) -> str:
        to, spec = self._station.plan.to, self._station.plan.spec
        if not visit.conversation:
            return f"nothing could be read: {visit.reason}"
        if visit.messages and visit.reason == READ:
            return f"{to} answers, but has nothing of what was asked for"
        nonsense = ""
        why = printable(self._said.reason)
        if (self._said.undecodable or visit.garbled) and why[:40] not in visit.reason:
            count = max(self._said.undecodable, visit.garbled)
            nonsense = f"; {count} bytes came that are no {spec.name}: {why}"
        return f"nothing could be read from {to}: {visit.reason}{nonsense}"


def _listed(reading: Reading) -> Listed:
    unit = quantity(reading.quantity).unit
    return Listed(reading.quantity, value_text(reading.value), unit)


def _row(each: Listed) -> tuple[str, ...]:
    return printable(each.name), printable(each.value), _unit(each.unit)


def _unit(text: str) -> str:
    """Return a unit, which may be m³ or °C, safe for a terminal."""
    return text if text.isprintable() else printable(text)


def _resumable(progress: Progress, why: str) -> str:
    where = f"at {progress.done:,} of {progress.total:,}" if progress.total else "at its beginning"
    return f"the scan ended {where}: {printable(why)}; the same command goes on from there"


@contextlib.contextmanager
def _bar(wanted: Wanted, settings: Settings) -> Iterator[Any]:
    """Show how far a scan has come, on stderr where that is a terminal."""
    if wanted.scan is None or settings.quiet or not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("scanning", total=None)

        def moved(progress: Progress) -> None:
            bar.update(task, completed=progress.done, total=progress.total)

        yield moved
