"""`mitmeter bypass`: a running proxy passes everything on without its rules, for a while."""

from __future__ import annotations

import asyncio

import click

from mitmeter.cli.options import Seconds
from mitmeter.cli.output import print_line
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.usage import Command
from mitmeter.errors import MitmeterError
from mitmeter.model import printable


@click.command(
    "bypass",
    cls=Command,
    examples=("mitmeter bypass battery --for 20m", "mitmeter bypass battery --off"),
)
@click.argument("station")
@click.option(
    "--for", "seconds", type=Seconds(), metavar="TIME", help="How long, such as 20m [1h]."
)
@click.option("--off", is_flag=True, help="Have the rules back now.")
@global_options(hidden=True)
@click.pass_obj
def bypass_command(settings: Settings, station: str, seconds: float | None, off: bool) -> int:
    """Let the proxy STATION pass everything on without its rules; they return by themselves.

    For the daemon that is running on the data directory. Everything is still recorded.
    """
    from mitmeter.daemon.control import ask

    if off and seconds is not None:
        raise click.UsageError("--off is now, and takes no --for")
    wanted = None if off else seconds or 3600.0
    request = {"do": "bypass", "station": station, "seconds": wanted}
    answer = asyncio.run(ask(settings.data, request))
    if "error" in answer:
        raise MitmeterError(printable(str(answer["error"]), 1000))
    print_line(printable(str(answer.get("text", "")), 1000))
    return 0
