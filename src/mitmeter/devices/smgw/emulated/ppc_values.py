"""A PPC gateway's table of values: newest first, in pages, later rows of a moment inheriting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mitmeter.devices.smgw.emulated.grid import Capture
from mitmeter.devices.smgw.emulated.make import Site
from mitmeter.devices.smgw.emulated.meter import (
    UNIT_TEXTS,
    is_counter,
    is_named,
    obis_text,
    raw_value,
    scaled_text,
)
from mitmeter.devices.smgw.emulated.persona import Meter, Register
from mitmeter.devices.smgw.emulated.ppc_html import row, table
from mitmeter.devices.smgw.emulated.zone import LEGAL_TIME

_HEADINGS = ("Zeitstempel", "Wert", "Einheit", "Valide", "Name", "OBIS", "Signatur")
_WORDS = {"1": "1", "2": "invalid", "3": "nicht vorhanden"}
# Captures lie this close to the moment they are aimed at.
_NEAR = timedelta(minutes=7)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of a table. more: whether another follows."""

    html: str
    more: bool
    empty: bool


def wall(at: datetime) -> str:
    """Return a local time as pages show it: no zone, and twice the same in autumn."""
    return at.astimezone(LEGAL_TIME).strftime("%Y-%m-%d %H:%M:%S")


def parse_span(since: str, until: str) -> tuple[datetime, datetime] | None:
    """Return what `from` and `to` of a form mean, None where they are no times. An hour there is
    twice is meant whole [A].
    """
    begin, end = _parse(since), _parse(until)
    if begin is None or end is None:
        return None
    return begin.astimezone(UTC), end.replace(fold=1).astimezone(UTC)


def captures(site: Site, since: datetime, until: datetime, now: datetime) -> list[Capture]:
    """Return the readings captured from `since` to `until`, newest first."""
    found = site.grid.between(since - _NEAR, until + _NEAR, now)
    return [each for each in found if since <= each.at <= until][::-1]


def values(site: Site, meter: Meter, found: Sequence[Capture], number: int) -> Sheet:
    """Return page `number`, from 1, of the stored registers' values. A moment is not torn apart."""
    registers = [each for each in meter.registers if is_counter(each)]
    groups = max(1, site.switches.ppc.rows // max(1, len(registers)))
    shown = found[(number - 1) * groups : number * groups]
    rows: list[str] = []
    for capture in shown if registers else ():
        rows += _group(site, meter, registers, capture, len(rows))
    html = table("metervalue", _headings(site), rows)
    return Sheet(html, len(found) > number * groups, not rows)


def current(site: Site, meter: Meter, capture: Capture) -> str:
    """Return the table of the newest values of all registers."""
    registers = [each for each in meter.registers if is_named(each)]
    return table("metervalue", _headings(site), _group(site, meter, registers, capture, 0))


def _headings(site: Site) -> tuple[str, ...]:
    return (*_HEADINGS, "Status") if site.switches.ppc.status_cell else _HEADINGS


def _group(
    site: Site, meter: Meter, registers: Sequence[Register], capture: Capture, before: int
) -> list[str]:
    """Return the rows of one moment. before: how many rows the table has already."""
    switches = site.switches.ppc
    obis_id = "table_metervaleus_col_obis" if switches.misspelt else "table_metervalues_col_obis"
    valid = "3" if capture.missing else "1" if capture.is_valid else "2"
    rows = []
    for place, register in enumerate(registers):
        raw = "0" if capture.missing else raw_value(meter, register, site.house, capture.valued)
        shown = {
            "table_metervalues_col_timestamp": wall(capture.at),
            "table_metervalues_col_wert": scaled_text(raw, register),
            "table_metervalues_col_einheit": UNIT_TEXTS.get(register.unit, ""),
            "table_metervalues_col_istvalide": _WORDS[valid] if switches.valid_words else valid,
            "table_metervalues_col_name": meter.id,
            obis_id: obis_text(register),
            "table_metervalues_col_sign": "signiert",
        }
        if switches.status_cell:
            shown["table_metervalues_col_status"] = "OK" if valid == "1" else "Fehlerhaft"
        if place:
            for name in ("table_metervalues_col_timestamp", "table_metervalues_col_istvalide"):
                shown[name] = ""
                if switches.inherited == "absent":
                    del shown[name]
        rows.append(row(_line(site, before + place), shown.items()))
    return rows


def _line(site: Site, number: int) -> str:
    how = site.switches.ppc.lines
    if how == "none":
        return ""
    return f"table_metervalues_line{number % 2 + 1 if how == 'alternate' else number + 1}"


def _parse(text: str) -> datetime | None:
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d"):
        try:
            found = datetime.strptime(text.strip(), form).replace(tzinfo=LEGAL_TIME)
        except ValueError:
            continue
        # Times whose UTC no calendar holds are none.
        return found if 1970 <= found.year < 9_000 else None
    return None
