"""`mitmeter rebuild`: the whole journal decoded again."""

from __future__ import annotations

import click

from mitmeter.cli.output import json_text, print_line
from mitmeter.cli.settings import Settings, global_options
from mitmeter.config.zone import parse_zone, system_zone


@click.command("rebuild")
@click.option("--timezone", metavar="ZONE", help="The site's time zone [the system's].")
@click.option("--json", "as_json", is_flag=True, help="The counts as one JSON object.")
@global_options(hidden=True)
@click.pass_obj
def rebuild_command(settings: Settings, timezone: str | None, as_json: bool) -> int:
    """Decode the whole journal again with today's decoders, and say what changed.

    The daemon has to be stopped. Readings whose bytes are no longer in the journal are kept.
    """
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from mitmeter.daemon.rebuild import rebuild

    zone = parse_zone(timezone, "--timezone") if timezone else system_zone()
    console = Console(stderr=True, quiet=settings.verbosity < 0)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} records decoded"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("decoding", total=None)
        found = rebuild(settings.data, zone, lambda count: progress.advance(task, count))
    counts = {
        "added": found.added,
        "removed": found.removed,
        "changed": found.changed,
        "same": found.same,
        "kept": found.kept,
    }
    if as_json:
        print_line(json_text(counts))
    else:
        words = ", ".join(f"{count} {name}" for name, count in counts.items())
        print_line(f"readings: {words}")
    return 0
