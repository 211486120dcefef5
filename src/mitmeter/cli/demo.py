"""`mitmeter demo`: a simulated battery talks to a real trap over a real socket, and you watch."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from mitmeter.cli.settings import Settings, global_options
from mitmeter.config.amounts import parse_duration


@click.command("demo")
@click.option("--speed", default=60.0, show_default=True, help="How much faster time passes.")
@click.option("--seed", default=1, show_default=True, help="Which simulated house.")
@click.option("--for", "duration", metavar="TIME", help="End by itself after so long, such as 30s.")
@global_options(hidden=True)
@click.pass_obj
def demo_command(settings: Settings, speed: float, seed: int, duration: str | None) -> int:
    """Show mitmeter at work: a simulated house with a battery, a trap it reports to, a live table.

    Everything is on loopback and simulated, and marked so. Nothing is left behind unless --data
    names a place to keep it.
    """
    from mitmeter.cli.runner import run_loop
    from mitmeter.cli.settings import set_up_logging
    from mitmeter.errors import ConfigError

    if speed <= 0:
        raise ConfigError("--speed", f"{speed:g} is not above 0")
    seconds = parse_duration(duration, "--for").total_seconds() if duration else None
    set_up_logging(settings.verbosity)
    with _place(settings) as data:
        run_loop(lambda: _show(data, speed, seed, seconds))
    return 0


@contextlib.contextmanager
def _place(settings: Settings) -> Iterator[Path]:
    if settings.data_given is not None:
        yield settings.data_given
        return
    with tempfile.TemporaryDirectory(prefix="mitmeter-demo-") as folder:
        yield Path(folder)


async def _show(data: Path, speed: float, seed: int, seconds: float | None) -> None:
    from mitmeter.cli.board import Board
    from mitmeter.cli.runner import stop_event
    from mitmeter.daemon.demo import demo

    stop = stop_event()
    async with demo(data, speed=speed, seed=seed) as daemon:
        board = Board(daemon, data)
        ending = asyncio.create_task(stop.wait())
        try:
            if sys.stdout.isatty():
                await board.live(ending, seconds)
            else:
                await board.lines(ending, seconds)
        finally:
            ending.cancel()
