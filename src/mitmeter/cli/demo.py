"""`mitmeter demo`: simulated devices talk to real traps over real sockets, and you watch."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mitmeter.cli.options import SPEED, Seconds
from mitmeter.cli.output import counted
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.usage import Command

if TYPE_CHECKING:
    from mitmeter.cli.board import Board, Surroundings
    from mitmeter.daemon.supervisor import Daemon

_REDRAW_SECONDS = 0.25
# The battery reports every 10 s of its own time; a bar is never shorter, nor a second of ours.
_REPORT_SECONDS = 10.0


@click.command(
    "demo",
    cls=Command,
    examples=(
        "mitmeter demo",
        "mitmeter demo --speed 600 --for 1m --data /tmp/demo",
        "mitmeter --data /tmp/demo readings --quantity battery.soc",
    ),
)
@click.option(
    "--speed",
    type=SPEED,
    metavar="X",
    default=60.0,
    show_default=True,
    help="How much faster time passes.",
)
@click.option("--seed", default=1, metavar="N", show_default=True, help="Which simulated house.")
@click.option(
    "--for",
    "seconds",
    type=Seconds(),
    metavar="TIME",
    help="End by itself after so long, such as 30s.",
)
@global_options(hidden=True)
@click.pass_obj
def demo_command(settings: Settings, speed: float, seed: int, seconds: float | None) -> int:
    """Show mitmeter at work: a simulated house, its devices, their traps, a live table.

    Everything is on loopback and simulated, and marked so. Nothing is left behind unless --data
    names a place to keep it. Where stdout is no terminal, lines are printed instead of the table.
    """
    from mitmeter.cli.runner import run_loop

    with _place(settings) as data:
        run_loop(lambda: _Demo(settings, data, seconds).run(speed, seed))
    return 0


@contextlib.contextmanager
def _place(settings: Settings) -> Iterator[Path]:
    if settings.data_given is not None:
        yield settings.data
        return
    with tempfile.TemporaryDirectory(prefix="mitmeter-demo-") as folder:
        yield Path(folder)


class _Demo:
    """One run of the demo: the screen on a terminal, lines anywhere else."""

    def __init__(self, settings: Settings, data: Path, seconds: float | None) -> None:
        self._settings = settings
        self._data = data
        self._seconds = seconds
        dumb = os.environ.get("TERM", "dumb") == "dumb"
        # With -v what is logged would tear the screen apart.
        self._live = sys.stdout.isatty() and not dumb and settings.verbosity == 0

    async def run(self, speed: float, seed: int) -> None:
        from mitmeter.cli.board import Board
        from mitmeter.cli.runner import stop_event
        from mitmeter.cli.settings import set_up_logging
        from mitmeter.config.zone import system_zone
        from mitmeter.daemon.demo import demo

        stop = stop_event()
        log = io.StringIO() if self._live else None
        echoes = set_up_logging(self._settings.verbosity, log)
        board = Board(system_zone(), max(_REPORT_SECONDS, speed))
        ending = asyncio.create_task(stop.wait())
        try:
            async with demo(self._data, speed=speed, seed=seed) as daemon:
                if daemon.ingest is not None:
                    daemon.ingest.listeners.append(board.heard)
                if self._live:
                    await self._watch(daemon, board, ending)
                else:
                    await self._tell(daemon, stop, ending, echoes.take)
        finally:
            ending.cancel()
            if log is not None:
                sys.stderr.write(log.getvalue())
        if not self._settings.quiet:
            self._sum_up(board)

    async def _watch(self, daemon: Daemon, board: Board, ending: asyncio.Task[bool]) -> None:
        """Redraw four times a second until the end, the time is over or the terminal is gone."""
        from rich.console import Console
        from rich.live import Live

        loop = asyncio.get_running_loop()
        until = None if self._seconds is None else loop.time() + self._seconds
        console = Console()
        with Live(console=console, auto_refresh=False, screen=True) as live:
            while sys.stdout.isatty() and not ending.done():
                if until is not None and loop.time() >= until:
                    break
                board.advance(daemon.clock.now())
                width, height = console.size
                around = self._around(daemon)
                live.update(board.screen(width, height, around), refresh=True)
                await asyncio.wait({ending}, timeout=_REDRAW_SECONDS)

    def _around(self, daemon: Daemon) -> Surroundings:
        from mitmeter.cli.board import Surroundings

        segments = (self._data / "journal").glob("*.jsonl*")
        return Surroundings(
            now=daemon.clock.now(),
            speed=daemon.clock.speed,
            connected=daemon.status()["devices"],
            journal_bytes=sum(segment.stat().st_size for segment in segments),
            data=str(self._data),
        )

    async def _tell(
        self,
        daemon: Daemon,
        stop: asyncio.Event,
        ending: asyncio.Task[bool],
        logged: Callable[[str], bool],
    ) -> None:
        """Print what comes as lines, until the end, or until nobody reads them any more."""
        from mitmeter.cli.narrate import Narrator, Voice

        say = Voice(silent=self._settings.quiet, gone=stop.set).say
        for station in daemon.stations:
            plan = station.plan
            say(f"{plan.name}: trap {plan.spec.name}, listening on {station.where}")
        say("all data is simulated")
        if daemon.ingest is not None:
            daemon.ingest.listeners.append(Narrator(say, daemon.plan.zone, logged=logged).heard)
        await asyncio.wait({ending}, timeout=self._seconds)

    def _sum_up(self, board: Board) -> None:
        counts = f"{counted(board.readings, 'reading')}, {counted(board.happened, 'event')}"
        kept = "nothing is kept"
        if self._settings.data_given is not None:
            kept = f"kept in {self._data}: mitmeter --data {self._data} readings"
        print(f"{counts}, all simulated; {kept}", file=sys.stderr)
