"""`mitmeter decode`: bytes from a file or stdin, through codec and projection, to the screen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import click

from mitmeter import registry
from mitmeter.cli.output import json_text, print_line, reading_object, value_text
from mitmeter.cli.settings import global_options
from mitmeter.config.zone import parse_zone, system_zone
from mitmeter.errors import ConfigError, MitmeterError
from mitmeter.model import Event, Reading, Side, printable, quantity
from mitmeter.protocol import Decoded, Spec, Undecodable, describe

_PIECE = 1 << 16


@click.command("decode")
@click.argument("protocol")
@click.argument("file", default="-")
@click.option(
    "--sender",
    type=click.Choice([str(side) for side in Side]),
    default=str(Side.DEVICE),
    help="Whose words these are [device].",
)
@click.option(
    "--hex", "as_hex", is_flag=True, help="The input is hex text; white space is ignored."
)
@click.option("--timezone", help="The device's time zone [the system's].")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per item.")
@global_options(hidden=True)
def decode_command(
    protocol: str, file: str, sender: str, as_hex: bool, timezone: str | None, as_json: bool
) -> int:
    """Decode FILE (or stdin) as PROTOCOL and print every message with its readings.

    Nothing is stored. Exit code 1 when some bytes could not be decoded.
    """
    spec = registry.spec(protocol)
    zone = parse_zone(timezone, "--timezone") if timezone else system_zone()
    data = _input(file, as_hex)
    bad = 0
    for item, found in _items(spec, Side(sender), data, zone):
        bad += isinstance(item, Undecodable)
        if as_json:
            print_line(json_text(_item_object(Side(sender), item, found)))
        else:
            _show(item, found)
    return 1 if bad else 0


def _input(file: str, as_hex: bool) -> bytes:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as exc:
        raise MitmeterError(f"{file}: {exc.strerror}") from exc
    if not as_hex:
        return data
    text = b"".join(data.split())
    try:
        return bytes.fromhex(text.decode("ascii"))
    except (ValueError, UnicodeDecodeError) as exc:
        where = next(
            (i for i, c in enumerate(text) if c not in b"0123456789abcdefABCDEF"), len(text)
        )
        raise ConfigError("--hex", f"input is not hex at digit {where}") from exc


def _items(
    spec: Spec[Any], sender: Side, data: bytes, zone: tzinfo
) -> Iterator[tuple[Decoded[Any] | Undecodable, list[Reading | Event]]]:
    codec, projection, now = spec.codec(), spec.projection(), datetime.now(UTC)
    pieces = [data[start : start + _PIECE] for start in range(0, len(data), _PIECE)]
    for step in [*[(codec.feed, piece) for piece in pieces], (None, b"")]:
        feed, piece = step
        items = codec.end(sender) if feed is None else feed(sender, piece)
        for item in items:
            found: list[Reading | Event] = []
            if isinstance(item, Decoded):
                for each in projection.project(sender, item.message, now):
                    if isinstance(each, Reading):
                        found.append(replace(each, at=_instant(each, zone)))
                    elif isinstance(each, Event):
                        found.append(each)
            yield item, found


def _instant(reading: Reading, zone: tzinfo) -> datetime:
    """Offline there is no skew to correct by: the device's time is taken as the zone's."""
    if reading.reported is None:
        return reading.received
    if reading.reported.tzinfo is not None:
        return reading.reported
    return reading.reported.replace(tzinfo=zone)


def _item_object(
    sender: Side, item: Decoded[Any] | Undecodable, found: list[Reading | Event]
) -> dict[str, Any]:
    return {
        "raw": item.raw.hex(),
        "sender": str(sender),
        "message": describe(item.message) if isinstance(item, Decoded) else None,
        "error": item.reason if isinstance(item, Undecodable) else None,
        "readings": [reading_object(each) for each in found if isinstance(each, Reading)],
        "events": [each.message for each in found if isinstance(each, Event)],
    }


def _show(item: Decoded[Any] | Undecodable, found: list[Reading | Event]) -> None:
    if isinstance(item, Undecodable):
        print_line(f"UNDECODABLE {len(item.raw)} bytes: {printable(item.reason)}")
        print_line(f"    {item.raw[:48].hex(' ')}{' …' if len(item.raw) > 48 else ''}")
        return
    shown = describe(item.message)
    print_line(f"{shown.pop('type')} ({len(item.raw)} bytes)")
    readings = [each for each in found if isinstance(each, Reading)]
    if not readings:
        print_line(f"    {printable(json_text(shown), 2000)}")
    for each in found:
        if isinstance(each, Event):
            print_line(f"    ! {each.message}")
    for each in readings:
        unit = quantity(each.quantity).unit
        print_line(f"    {each.quantity:32} {value_text(each.value):>14} {unit}")
