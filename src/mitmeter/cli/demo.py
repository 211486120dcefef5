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
    from mitmeter.daemon.demo import Wishes
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
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    default=8480,
    show_default=True,
    help="Where the dashboard listens; another port where it is taken.",
)
@click.option("--open", "browse", is_flag=True, help="Open the dashboard in a browser.")
@click.option("--plain", is_flag=True, help="Print lines, also on a terminal.")
@click.option(
    "--history",
    "days",
    type=click.IntRange(0, 3660),
    metavar="DAYS",
    default=366,
    show_default=True,
    help="How much of the past is filled in.",
)
@click.option("--no-dashboard", is_flag=True, help="Leave out the dashboard.")
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
def demo_command(
    settings: Settings,
    speed: float,
    port: int,
    browse: bool,
    plain: bool,
    days: int,
    no_dashboard: bool,
    seed: int,
    seconds: float | None,
) -> int:
    """Show mitmeter at work: a simulated house, its devices, who hears them, and the dashboard.

    Everything is on loopback and simulated, and marked so. Nothing is left behind unless --data
    names a place to keep it. Where stdout is no terminal, lines are printed instead of the table.
    """
    from mitmeter.cli.runner import run_loop
    from mitmeter.daemon.demo import Wishes

    wishes = Wishes(speed, seed, None if no_dashboard else port, days)
    with _place(settings) as data:
        run_loop(lambda: _Demo(settings, data, seconds, plain=plain, browse=browse).run(wishes))
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

    def __init__(
        self, settings: Settings, data: Path, seconds: float | None, *, plain: bool, browse: bool
    ) -> None:
        self._settings = settings
        self._data = data
        self._seconds = seconds
        dumb = os.environ.get("TERM", "dumb") == "dumb"
        # With -v what is logged would tear the screen apart.
        self._live = sys.stdout.isatty() and not dumb and not plain and settings.verbosity == 0
        self._browse = browse
        self._link = ""

    async def run(self, wishes: Wishes) -> None:
        from mitmeter.cli.board import Board
        from mitmeter.cli.narrate import Voice
        from mitmeter.cli.runner import stop_event
        from mitmeter.cli.settings import set_up_logging
        from mitmeter.config.zone import system_zone
        from mitmeter.daemon.demo import demo

        stop = stop_event()
        log = io.StringIO() if self._live else None
        echoes = set_up_logging(self._settings.verbosity, log)
        board = Board(system_zone(), max(_REPORT_SECONDS, wishes.speed))
        ending = asyncio.create_task(stop.wait())

        def wanted() -> bool:
            return not stop.is_set()

        self._voice = Voice(silent=self._settings.quiet, gone=stop.set)
        try:
            async with demo(self._data, wishes, self._voice.say, wanted) as shown:
                daemon, self._link = shown.daemon, shown.link
                if daemon.ingest is not None:
                    daemon.ingest.listeners.append(board.heard)
                if self._browse and self._link:
                    await asyncio.to_thread(_open, self._link)
                if self._live:
                    # For who leaves the screen and comes back to the lines before it.
                    self._voice.say(f"dashboard: {self._link}" if self._link else "no dashboard")
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
            link=self._link,
        )

    async def _tell(
        self,
        daemon: Daemon,
        stop: asyncio.Event,
        ending: asyncio.Task[bool],
        logged: Callable[[str], bool],
    ) -> None:
        """Print what comes as lines, until the end, or until nobody reads them any more."""
        from mitmeter.cli.narrate import Narrator

        say = self._voice.say
        for station in daemon.stations:
            plan = station.plan
            doing = "listening on" if station.listener else "connecting to"
            say(f"{plan.name}: {plan.role} {plan.spec.name}, {doing} {station.where}")
        say("all data is simulated")
        if self._link:
            say(f"dashboard: {self._link}")
        if daemon.ingest is not None:
            daemon.ingest.listeners.append(Narrator(say, daemon.plan.zone, logged=logged).heard)
        await asyncio.wait({ending}, timeout=self._seconds)

    def _sum_up(self, board: Board) -> None:
        counts = f"{counted(board.readings, 'reading')}, {counted(board.happened, 'event')}"
        kept = "nothing is kept"
        if self._settings.data_given is not None:
            kept = f"kept in {self._data}: mitmeter --data {self._data} readings"
        print(f"{counts}, all simulated; {kept}", file=sys.stderr)


def _open(link: str) -> None:
    """Open a browser, where there is one; the link is printed anyhow."""
    import webbrowser

    with contextlib.suppress(webbrowser.Error, OSError):
        webbrowser.open(link)
