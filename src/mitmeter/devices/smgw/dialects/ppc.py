"""PPC: forms posted to one address, answered by German pages; values are scaled already.

Every request needs Digest, the session's cookie and the newest `tkn`. Errors are pages of status
200. Source: gateway fact sheet §3 [O].
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from mitmeter.devices.smgw.asking import Ask, form
from mitmeter.devices.smgw.dialects.ppc_page import Page, Row
from mitmeter.devices.smgw.legaltime import Descent, instant_of, parse_wall
from mitmeter.devices.smgw.metered import Gateway, Value
from mitmeter.devices.smgw.obis import code_of, logical_name, number, owner_of
from mitmeter.devices.smgw.status import Ptb

PATH = "/cgi-bin/hanservice.cgi"
REALM = "SmartMeterGateway"
# An export may hold a thousand intervals [O]; ten days are 960 quarter hours.
EXPORT_SPAN = timedelta(days=10)
# Pages of one span that are followed; a page holds a day at least [O].
MOST_PAGES = 40

_VALUE_TABLE = "metervalue"
_VALUE_ROW = "table_metervalues_line"
_NEXT = "table_metervalues_button_nextpage"
_METER_ID = re.compile(r"[0-9A-Za-z][A-Za-z]{3}[0-9]{10}|[0-9a-fA-F]{16}")
_CLOCK = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
_ERRORS = (
    "Login falsch",
    "Sitzung abgelaufen",
    "Invalide Session",
    "Parameterfehler",
    "Es sind nur 1000 erlaubt",
    "Fehler",
)
# What has a table or a selection is not an error, whatever words are in it.
_ORDINARY = ("table_", "meterform_select", "tarifform_select")
_VALID = {
    "1": Ptb.OK,
    "2": Ptb.UNUSABLE,
    "invalid": Ptb.UNUSABLE,
    "3": None,
    "nonexistent": None,
    "nicht vorhanden": None,
}


# --- what is asked ---


def entry(*, plain: bool = False) -> Ask:
    """Ask for the first page: the login itself."""
    return Ask("GET", PATH, plain=plain)


def act(
    page: Page, action: str, fields: Mapping[str, str] | None = None, *, seconds: float = 30.0
) -> Ask:
    """Post an action, with the newest token of the page before."""
    given = {"tkn": page.token} if page.token else {}
    return form(PATH, {**given, "action": action, **(fields or {})}, seconds)


def logout(token: str) -> Ask:
    given = {"tkn": token} if token else {}
    return form(PATH, {**given, "action": "logout"}, 10.0)


def span(after: datetime, until: datetime) -> dict[str, str]:
    """Return two times on the wall as the fields of a form."""
    return {"from": f"{after:%Y-%m-%d %H:%M:%S}", "to": f"{until:%Y-%m-%d %H:%M:%S}"}


def fields_of(body: bytes) -> dict[str, str]:
    """Return the fields of a posted form; of a repeated one the last."""
    try:
        return dict(parse_qsl(body.decode("latin-1"), max_num_fields=64))
    except ValueError:
        return {}


# --- what is answered ---


@dataclass(frozen=True, slots=True)
class Choice:
    """One meter of the selector: its handle, good for this page only, and its own id."""

    handle: str
    name: str
    meter: str


@dataclass(frozen=True, slots=True)
class Readings:
    """The values of one page. odd: rows that could not be read. more: there is another page."""

    values: tuple[Value, ...]
    odd: int
    more: bool


def complaint(page: Page) -> str:
    """Return the words by which a page says that something is wrong, "" for an ordinary page."""
    if _VALUE_TABLE in page.ids or any(id.startswith(_ORDINARY) for id in page.ids):
        return ""
    return next((words for words in _ERRORS if words in page.text), "")


def has_more(page: Page) -> bool:
    """Tell whether there is another page of the table."""
    return _NEXT in page.ids


def is_expired(page: Page) -> bool:
    return complaint(page) in ("Sitzung abgelaufen", "Invalide Session")


def meters(page: Page) -> list[Choice]:
    """Return the meters that can be chosen. The text is the stable key, the handle is not."""
    found = []
    for handle, text in page.options:
        name = logical_name(text)
        meter = "" if name is None else name.owner
        if handle and text:
            found.append(Choice(handle, text, meter or owner_of(text)))
    return found


def profile_meter(page: Page) -> str:
    """Return the meter a profile page names, "" where there is none."""
    return page.labelled().get("Zähler-ID", "").lower()


def values(page: Page, meter: str, descent: Descent, now: datetime) -> Readings:
    """Return a page's values.

    meter:   whose they are; "" takes what the rows say, where that looks like a meter's id.
    descent: carries over from one page to the next.
    """
    found: list[Value] = []
    odd = 0
    at: datetime | None = None
    valid = ""
    for row in page.rows:
        if not _is_value(row):
            continue
        stamp = row.cell("timestamp")
        if stamp:
            # What cannot be read is no reason to take the time above: it spoils its whole group.
            wall = parse_wall(stamp)
            at = None if wall is None else descent.instant(wall, now)
            valid = row.cell("istvalide") or ""
        else:
            valid = row.cell("istvalide") or valid
        value = None if at is None else _value(row, at, valid.strip().lower(), meter)
        if value is not None:
            found.append(value)
        elif _VALID.get(valid.strip().lower(), Ptb.OK) is not None:
            odd += 1
    return Readings(tuple(found), odd, has_more(page))


def _is_value(row: Row) -> bool:
    known = row.id.startswith(_VALUE_ROW) or row.table == _VALUE_TABLE
    return known and row.cell("wert") is not None


def _value(row: Row, at: datetime, valid: str, meter: str) -> Value | None:
    code = code_of(row.cell("obis") or "")
    amount = number(row.cell("wert") or "")
    ptb = _VALID.get(valid, Ptb.OK)
    if code is None or amount is None or ptb is None:
        return None
    name = (row.cell("name") or "").strip()
    if not meter and _METER_ID.fullmatch(name):
        meter = name.lower()
    why = () if ptb.usable else ("the gateway marks it as invalid",)
    status = row.cell("status") or valid
    return Value(meter, code, amount, (row.cell("einheit") or "").strip(), at, ptb, status, why)


def next_fields(page: Page, asked: Mapping[str, str], number: int) -> dict[str, str]:
    """Return the form of the next page: what was asked before, with what the page has renewed."""
    form = page.form_with(_NEXT)
    renewed = {} if form is None else form.fields
    fields = {**asked, "page": str(number), **renewed}
    return {name: value for name, value in fields.items() if name not in ("tkn", "action")}


def gateway(page: Page) -> Gateway:
    """Return what the foot of every page says: firmware and clock, in legal time."""
    clock = page.footers.get("div_timestamp", "")
    shown = _CLOCK.match(clock)
    wall = parse_wall(shown[0]) if shown else None
    return Gateway(
        "", page.footers.get("div_fwversion", ""), None if wall is None else instant_of(wall)
    )
