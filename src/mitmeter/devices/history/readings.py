"""Lines → readings, with the device and the time they state.

Nothing is remembered between lines, so that reading may stop and go on anywhere. What cannot be
read is told once, and again at every doubling.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mitmeter.devices.history.csvrow import check_columns, columns, csv_row
from mitmeter.devices.history.influxrow import influx_row
from mitmeter.devices.history.jsonrow import json_row
from mitmeter.devices.history.messages import Message
from mitmeter.devices.history.rows import Reader, Row
from mitmeter.devices.history.values import device
from mitmeter.errors import ConfigError, RemoteProtocolError
from mitmeter.model import Event, Reading, Severity, Side, printable

FORMATS = ("jsonl", "csv", "influx")


class HistoryProjection:
    """The projection of one file.

    settings: `format` (`jsonl`, `csv` or `influx`; else an object is JSON and the rest CSV);
              `device` and `timezone` where lines do not name one; `columns` and `delimiter` of a
              CSV; `map.<name>` = the quantity that a name in the file stands for.
    Raises ConfigError for settings that cannot be used.
    """

    __slots__ = ("_format", "_reader", "_refused")

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        given = {} if settings is None else settings
        self._format = given.get("format", "")
        self._reader = reader(given)
        self._refused = 0

    def project(self, sender: Side, message: Message, at: datetime) -> Iterable[Reading | Event]:
        try:
            row = read(message.text, self._format, self._reader)
        except RemoteProtocolError as exc:
            return self._refuse(str(exc), at)
        return [] if row is None else _readings(row)

    def _refuse(self, reason: str, at: datetime) -> list[Event]:
        self._refused += 1
        if self._refused & (self._refused - 1):
            return []
        again = f" ({self._refused} so far in this file)" if self._refused > 1 else ""
        return [
            Event(
                "mitmeter.history.refused",
                at,
                f"a line of history could not be read: {printable(reason)}{again}",
                Severity.WARNING,
                fields={"reason": printable(reason), "count": self._refused},
            )
        ]


def reader(settings: Mapping[str, str]) -> Reader:
    """Return how lines are to be read. Raises ConfigError naming the setting that is wrong."""
    if settings.get("format", "") not in ("", *FORMATS):
        raise ConfigError("format", f"{settings['format']!r} is none of {', '.join(FORMATS)}")
    found = Reader(
        zone=_zone(settings.get("timezone", "")),
        delimiter=settings.get("delimiter", ","),
        quantities={
            name.removeprefix("map."): value
            for name, value in settings.items()
            if name.startswith("map.")
        },
    )
    if len(found.delimiter) != 1:
        raise ConfigError("delimiter", f"{found.delimiter!r} is not one character")
    try:
        if named := settings.get("device", ""):
            found = replace(found, device=device(named))
        if header := settings.get("columns", ""):
            found = replace(found, columns=columns(header, found.delimiter), header=header)
            check_columns(found)
    except RemoteProtocolError as exc:
        raise ConfigError("columns" if found.device or not named else "device", str(exc)) from exc
    return found


def read(text: str, form: str, how: Reader) -> Row | None:
    """Return what a line says, None for one that says nothing: blank, a comment, the header.

    Raises RemoteProtocolError saying what is wrong with it.
    """
    plain = text.removeprefix("\ufeff")
    if not plain or plain.isspace() or plain[0] == "#":
        return None
    if form == "influx":
        return influx_row(plain, how)
    if form == "jsonl" or (not form and plain[0] == "{"):
        return json_row(plain, how)
    if plain == how.header:
        return None
    return csv_row(plain, how)


def _readings(row: Row) -> list[Reading]:
    return [
        Reading(row.device, name, value, row.received, row.reported, False, row.at, row.origin)
        for name, value in row.values
    ]


def _zone(name: str) -> tzinfo:
    if not name or name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, ZoneInfoNotFoundError) as exc:
        raise ConfigError("timezone", f"{printable(name, 60)!r} is not known") from exc
