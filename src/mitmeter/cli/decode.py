"""`mitmeter decode`: bytes from a file or stdin, through codec and projection, to the screen."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, BinaryIO

import click

from mitmeter.cli.options import ZONE
from mitmeter.cli.output import json_text, print_line, reading_object, value_text
from mitmeter.cli.protocol_names import find_spec
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.usage import Command
from mitmeter.errors import MitmeterError
from mitmeter.model import Event, Reading, Side, printable, quantity
from mitmeter.protocol import Decoded, Projected, Spec, Undecodable, describe

_PIECE = 1 << 16
_SHOWN_BYTES = 48
_HEX_DIGITS = b"0123456789abcdefABCDEF"
Found = tuple[Decoded[Any] | Undecodable, list[Reading | Event]]


@click.command(
    "decode",
    cls=Command,
    examples=(
        "echo '01 01 00 00000000 110A' | mitmeter decode alphaess --hex",
        "mitmeter decode alphaess captured.bin --json",
        "mitmeter decode alphaess answers.bin --sender headend",
    ),
)
@click.argument("protocol")
@click.argument("file", default="-")
@click.option(
    "--sender",
    type=click.Choice([str(side) for side in Side]),
    default=str(Side.DEVICE),
    show_default=True,
    help="Whose words these are.",
)
@click.option(
    "--hex", "as_hex", is_flag=True, help="The input is hex text; white space is ignored."
)
@ZONE
@click.option("--json", "as_json", is_flag=True, help="One JSON object per item.")
@global_options(hidden=True)
@click.pass_obj
def decode_command(
    settings: Settings,
    protocol: str,
    file: str,
    sender: str,
    as_hex: bool,
    timezone: str | None,
    as_json: bool,
) -> int:
    """Decode FILE (or stdin) as PROTOCOL and print every message with its readings.

    Nothing is stored. Input is decoded as it comes. Exit code 1 when some bytes could not be
    decoded.
    """
    spec = find_spec(protocol)
    zone = settings.zone(timezone)
    side = Side(sender)
    bad = 0
    with _opened(file) as source:
        pieces = _pieces(source)
        for item, found in _items(spec, side, _from_hex(pieces) if as_hex else pieces, zone):
            bad += isinstance(item, Undecodable)
            if as_json:
                print_line(json_text(_item_object(side, item, found)))
            else:
                _show(item, found)
    return 1 if bad else 0


# --- input ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        if sys.stdin is None:
            yield io.BytesIO()
            return
        if sys.stdin.isatty():
            print("reading what is typed; Ctrl-D ends it", file=sys.stderr)
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as source:
            yield source
    except OSError as exc:
        if exc.filename is None:
            raise
        raise MitmeterError(f"{file}: {exc.strerror}") from exc


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    """Yield the input as it comes, so that a live one is decoded while it grows."""
    read = getattr(source, "read1", source.read)
    while piece := read(_PIECE):
        yield piece


def _from_hex(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes of hex text. Raises MitmeterError naming the place that is no hex."""
    digits = bytearray()
    line, column, last = 1, 0, (1, 0)
    for piece in pieces:
        for byte in piece:
            line, column = (line + 1, 0) if byte == 0x0A else (line, column + 1)
            if byte in _HEX_DIGITS:
                digits.append(byte)
                last = (line, column)
            elif not bytes((byte,)).isspace():
                shown = printable(bytes((byte,)))
                raise MitmeterError(
                    f"--hex: '{shown}' at line {line}, column {column} is no hex digit"
                )
        whole = len(digits) // 2 * 2
        yield bytes.fromhex(digits[:whole].decode("ascii"))
        del digits[:whole]
    if digits:
        raise MitmeterError(
            f"--hex: the input ends with half a byte, {digits.decode('ascii')!r} "
            f"at line {last[0]}, column {last[1]}"
        )


# --- decoding -------------------------------------------------------------------------------------


def _items(spec: Spec[Any], sender: Side, pieces: Iterable[bytes], zone: tzinfo) -> Iterator[Found]:
    codec, projection = spec.codec(), spec.projection()

    def projected(items: Iterable[Decoded[Any] | Undecodable]) -> Iterator[Found]:
        now = datetime.now(UTC)
        for item in items:
            made: Iterable[Projected] = ()
            if isinstance(item, Decoded):
                made = projection.project(sender, item.message, now)
            yield item, [_dated(each, zone) for each in made if isinstance(each, Reading | Event)]

    for piece in pieces:
        yield from projected(codec.feed(sender, piece))
        sys.stdout.flush()
    yield from projected(codec.end(sender))


def _dated(each: Reading | Event, zone: tzinfo) -> Reading | Event:
    """Offline there is no skew to correct by: the device's time is taken as the zone's."""
    if isinstance(each, Event):
        return each
    at = each.received if each.reported is None else each.reported
    return replace(each, at=at if at.tzinfo is not None else at.replace(tzinfo=zone))


# --- output ---------------------------------------------------------------------------------------


def _item_object(
    sender: Side, item: Decoded[Any] | Undecodable, found: list[Reading | Event]
) -> dict[str, Any]:
    return {
        "raw": item.raw.hex(),
        "sender": str(sender),
        "message": describe(item.message, reveal=True) if isinstance(item, Decoded) else None,
        "error": item.reason if isinstance(item, Undecodable) else None,
        "readings": [reading_object(each) for each in found if isinstance(each, Reading)],
    }


def _show(item: Decoded[Any] | Undecodable, found: list[Reading | Event]) -> None:
    if isinstance(item, Undecodable):
        more = " …" if len(item.raw) > _SHOWN_BYTES else ""
        print_line(f"UNDECODABLE {len(item.raw)} bytes: {printable(item.reason)}")
        print_line(f"    {item.raw[:_SHOWN_BYTES].hex(' ')}{more}")
        return
    shown = describe(item.message)
    print_line(f"{shown.pop('type')} ({len(item.raw)} bytes)")
    readings = [each for each in found if isinstance(each, Reading)]
    if shown and not readings:
        print_line(f"    {printable(json_text(shown), 2000)}")
    for each in found:
        if isinstance(each, Event):
            print_line(f"    ! {each.message}")
    for each in readings:
        line = f"    {each.quantity:32} {value_text(each.value):>14} {quantity(each.quantity).unit}"
        print_line(line.rstrip())
