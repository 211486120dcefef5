"""`mitmeter rebuild`: the whole journal decoded again."""

from __future__ import annotations

import click

from mitmeter.cli.options import ZONE
from mitmeter.cli.output import json_text, print_line
from mitmeter.cli.progress import Progress
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.usage import Command


@click.command("rebuild", cls=Command)
@ZONE
@click.option("--json", "as_json", is_flag=True, help="The counts as one JSON object.")
@global_options(hidden=True)
@click.pass_obj
def rebuild_command(settings: Settings, timezone: str | None, as_json: bool) -> int:
    """Decode the whole journal again with today's decoders, and say what changed.

    The daemon has to be stopped. Readings whose bytes are no longer in the journal are kept.
    """
    from mitmeter.daemon.rebuild import rebuild

    zone = settings.zone(timezone)
    with Progress("records decoded", quiet=settings.quiet) as progress:
        found = rebuild(settings.data, zone, progress.advance)
    counts = {
        "added": found.added,
        "removed": found.removed,
        "changed": found.changed,
        "same": found.same,
        "kept": found.kept,
    }
    print_line(json_text(counts) if as_json else _words(counts))
    return 0


def _words(counts: dict[str, int]) -> str:
    changes = [f"{counts[name]:,} {name}" for name in ("added", "removed", "changed")]
    if not any(counts[name] for name in ("added", "removed", "changed")):
        changes = ["nothing changed"]
    words = [*changes, f"{counts['same']:,} the same"]
    if counts["kept"]:
        words.append(f"{counts['kept']:,} kept whose bytes the journal no longer has")
    return f"readings: {', '.join(words)}"
