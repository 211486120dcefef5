"""`mitmeter import`: history that other tools have kept, or that was exported here."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from mitmeter.cli.options import ZONE
from mitmeter.cli.output import counted, json_text, print_line
from mitmeter.cli.progress import Progress
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.usage import Command
from mitmeter.errors import ConfigError, MitmeterError
from mitmeter.model import printable

if TYPE_CHECKING:
    from mitmeter.daemon.history import Content, Imported

FORMATS = ("jsonl", "csv", "influx")
_ENDINGS = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv",
    ".lp": "influx", ".line": "influx", ".influx": "influx",
}  # fmt: skip
# What a line of the line protocol looks like from afar: a name, fields, and a time.
_INFLUX = re.compile(r'[^ {"][^ ]* [^ ]+=.* -?[0-9]+\s*\Z')
_DELIMITERS = ",;\t|"
_MOST_LINE = 65_536
_PIECE = 1 << 16


@click.command(
    "import",
    cls=Command,
    examples=(
        "mitmeter import readings.jsonl",
        "mitmeter import meter.csv --device glow:02005EFFFE302010 --timezone Europe/London",
        "mitmeter import old.csv --device glow:02005EFFFE302010 --map kWh=grid.import",
        "influx_inspect export -lponly … | mitmeter import - --format influx",
    ),
)
@click.argument("file", type=click.Path(path_type=str))
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="What the lines are; unless given it is seen from the file.",
)
@click.option("--device", metavar="DEVICE", help="Whose readings they are where no line says.")
@click.option(
    "--map",
    "renamed",
    multiple=True,
    metavar="NAME=QUANTITY",
    help="What a name in the file is called here; may be given again.",
)
@ZONE
@click.option("--skip-bad-lines", is_flag=True, help="Import the rest where lines make no sense.")
@click.option("--simulated", is_flag=True, help="Mark it as simulated.")
@click.option("--json", "as_json", is_flag=True, help="The counts as one JSON object.")
@global_options(hidden=True)
@click.pass_obj
def import_command(
    settings: Settings,
    file: str,
    form: str | None,
    device: str | None,
    renamed: tuple[str, ...],
    timezone: str | None,
    skip_bad_lines: bool,
    simulated: bool,
    as_json: bool,
) -> int:
    """Bring in readings from FILE, or stdin (-): JSON Lines, CSV or InfluxDB line protocol.

    JSON Lines are what `readings --json` prints. A CSV has a header: device,quantity,value,at in
    any order, or at and one column to a quantity (at,grid.power,grid.import). Times without a zone
    are the site's. All of it is looked at first; nothing is imported where a line cannot be read.

    The bytes go into the journal, so rebuild knows them. Importing a file again adds nothing. A
    daemon at work in the data directory has to be stopped first.
    """
    from mitmeter.daemon.history import History, bring_in, look

    zone = settings.zone(timezone)
    name = "stdin" if file == "-" else Path(file).name
    with _opened(file) as lines:
        told = _told(lines, file, form, device, str(zone), renamed)
        with Progress("lines looked at", quiet=settings.quiet) as progress:
            content = look(_lines(lines), told, stop=not skip_bad_lines, progress=progress.advance)
        if content.bad and not skip_bad_lines:
            reason = printable(content.reason)
            raise MitmeterError(f"{name} line {content.bad}: {reason}; nothing is imported")
        if not content.readings:
            raise MitmeterError(f"{name} holds no readings")
        lines.seek(0)
        history = History(printable(name), told, simulated)
        with Progress("records taken in", quiet=settings.quiet) as progress:
            pieces = iter(partial(lines.read, _PIECE), b"")
            found = bring_in(settings.data, zone, [(history, pieces)], progress=progress.advance)
    _tell(content, found, as_json=as_json)
    return 0


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    """Open a file that can be read twice; stdin is written down first."""
    if file != "-":
        with Path(file).open("rb") as opened:
            if not opened.seekable():
                raise ConfigError(
                    "FILE", f"{file} can be read only once; write | mitmeter import -"
                )
            yield opened
        return
    with tempfile.TemporaryFile() as kept:
        while piece := sys.stdin.buffer.read(_PIECE):
            kept.write(piece)
        kept.seek(0)
        yield kept


def _lines(opened: IO[bytes]) -> Iterator[bytes]:
    """Return the lines from the beginning; one that is too long comes in pieces."""
    opened.seek(0)
    return iter(partial(opened.readline, _MOST_LINE), b"")


def _told(
    opened: IO[bytes],
    file: str,
    form: str | None,
    device: str | None,
    zone: str,
    renamed: tuple[str, ...],
) -> dict[str, str]:
    """Return how the lines are to be read. Raises ConfigError for options that make no sense."""
    first = _first_line(opened)
    found = form or _ENDINGS.get(Path(file).suffix.lower()) or _form(first)
    told = {"format": found, "timezone": zone}
    if device is not None:
        told["device"] = device
    for each in renamed:
        name, equals, quantity = each.partition("=")
        if not name or not equals:
            raise ConfigError("--map", f"{each!r} is not NAME=QUANTITY")
        told[f"map.{name}"] = quantity
    if found == "csv":
        told["columns"] = first
        told["delimiter"] = max(_DELIMITERS, key=_header_cells(first).count)
    return told


def _header_cells(header: str) -> str:
    """Return a header with what stands in quotes left out, for counting delimiters."""
    return re.sub(r'"[^"]*"', "", header)


def _first_line(opened: IO[bytes]) -> str:
    """Return the first line that says something."""
    for line in _lines(opened):
        text = line.decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r\n")
        if text.strip() and not text.startswith("#"):
            return text
    return ""


def _form(first: str) -> str:
    if first.lstrip().startswith("{"):
        return "jsonl"
    return "influx" if _INFLUX.match(first) else "csv"


def _tell(content: Content, found: Imported, *, as_json: bool) -> None:
    since, until = content.since, content.until
    assert since is not None  # noqa: S101 - there are readings
    assert until is not None  # noqa: S101
    devices = sorted(map(str, content.devices))
    if as_json:
        print_line(
            json_text(
                {
                    "readings": found.readings,
                    "new": found.new,
                    "devices": devices,
                    "since": since,
                    "until": until,
                    "first_bad_line": content.bad or None,
                }
            )
        )
        return
    span = f"{since:%Y-%m-%d} to {until:%Y-%m-%d}"
    held = found.readings - found.new
    before = f", {held:,} of them held before" if held else ""
    print_line(f"{counted(found.readings, 'reading')} of {', '.join(devices)}, {span}{before}")
    if content.bad:
        print(
            f"lines that could not be read were left out, the first of them line {content.bad}: "
            f"{printable(content.reason)}",
            file=sys.stderr,
        )
