"""EMH CASA: JSON by GET under /json, values as text with scaler and unit beside them.

Source: running clients [O]; gateway fact sheet §4. History has been described once [I] and is asked
for only when it is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from mitmeter.devices.smgw.asking import Ask
from mitmeter.devices.smgw.jsontext import Json, objects_of, parse_json, parse_object, text_of
from mitmeter.devices.smgw.legaltime import parse_instant
from mitmeter.devices.smgw.metered import Contract, Gateway, Value
from mitmeter.devices.smgw.obis import (
    code_of,
    logical_name,
    number,
    owner_of,
    scale,
    scaled,
    whole,
)
from mitmeter.devices.smgw.status import Ptb, parse_status
from mitmeter.errors import RemoteProtocolError

ROOT = "/json/"
METERS = "/json/metering/origin/"
CONTRACTS = "/json/metering/derived"
SYSTEM = "/json/systeminformations"

_JSON = (("Accept", "application/json"),)
_EXTENDED = re.compile(r"/json/metering/origin/([^/?]+)/extended/?")
_HISTORY = re.compile(r"/json/metering/origin/([^/?]+)(?:/[0-9]+)?/?")
_CONTRACT = re.compile(r"/json/metering/derived/([^/?]+)/?")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_AMOUNT = re.compile(r"\s*(\S+)\s+(\S+)\s*")
_MOST_METERS = 64


# --- what is asked ---


def meters(*, plain: bool = False) -> Ask:
    return Ask("GET", METERS, _JSON, plain=plain)


def current(meter: str) -> Ask:
    return Ask("GET", f"{METERS}{quote(meter, safe='')}/extended", _JSON)


def contract_list() -> Ask:
    return Ask("GET", CONTRACTS, _JSON)


def contract(id: str) -> Ask:
    return Ask("GET", f"{CONTRACTS}/{quote(id, safe='')}", _JSON)


def history(meter: str, chunk: int | None = None) -> Ask:
    """Ask for one chunk of history, about a month [I]; without a number for the newest."""
    tail = "" if chunk is None else f"/{chunk}"
    return Ask("GET", f"{METERS}{quote(meter, safe='')}{tail}", _JSON, seconds=55.0)


def system() -> Ask:
    return Ask("GET", SYSTEM, _JSON)


def current_of(target: str) -> str | None:
    """Return the meter whose current values this request-target asks for."""
    found = _EXTENDED.fullmatch(target)
    return None if found is None else found[1].lower()


def history_of(target: str) -> str | None:
    """Return the meter whose history this request-target asks for."""
    found = _HISTORY.fullmatch(target)
    return None if found is None or target.rstrip("/") == METERS.rstrip("/") else found[1].lower()


def contract_of(target: str) -> str | None:
    found = _CONTRACT.fullmatch(target)
    return None if found is None else found[1]


# --- what is answered ---


@dataclass(frozen=True, slots=True)
class Readings:
    """The values of one answer. clock: what the gateway's clock showed; odd: left out."""

    values: tuple[Value, ...]
    clock: datetime | None
    odd: int


def parse_ids(body: bytes) -> list[str]:
    """Return the ids of a list of meters or contracts. Raises RemoteProtocolError otherwise."""
    found = parse_json(body)
    if not isinstance(found, list):
        raise RemoteProtocolError("JSON, but not a list of ids")
    ids = [each for each in found if isinstance(each, str) and _ID.fullmatch(each)]
    return ids[:_MOST_METERS]


def parse_current(body: bytes, meter: str = "") -> Readings:
    """Return what `extended` says; entries with a malformed name or a strange unit are skipped.

    meter: whose it is where an entry does not tell.
    """
    members = parse_object(body)
    if not isinstance(members.get("values"), list):
        raise RemoteProtocolError("JSON without a list of values")
    at = parse_instant(text_of(members, "capture_time"))
    clock = parse_instant(text_of(members, "timestamp"))
    at = at or clock
    if at is None:
        raise RemoteProtocolError("values without a time")
    said = text_of(members, "status")
    status = parse_status(said, meter_too=False)
    ptb = Ptb.OK if status is None else status.ptb
    why = () if status is None else status.words
    values: list[Value] = []
    odd = 0
    for each in objects_of(members, "values"):
        name = logical_name(text_of(each, "logical_name"))
        how = scale(each.get("scaler"), each.get("unit"))
        raw = whole(each.get("value"))
        if name is None or how is None or raw is None:
            odd += 1
            continue
        owner = name.owner or meter.lower()
        values.append(Value(owner, name.code, scaled(raw, how), how.unit, at, ptb, said, why))
    return Readings(tuple(values), clock, odd)


def parse_contract(body: bytes) -> Contract:
    """Return one contract. Beside kind and meters its members are known by hearsay [I]."""
    members = parse_object(body)
    taf = text_of(members, "taf_type").upper().removeprefix("TAF").strip("- ")
    meters = members.get("sensor_domains")
    named = [each for each in meters if isinstance(each, str)] if isinstance(meters, list) else []
    return Contract(
        text_of(members, "taf_identifier"),
        text_of(members, "taf_name"),
        taf,
        not text_of(members, "validity_end"),
        tuple(owner_of(each) for each in named if _ID.fullmatch(each)),
        text_of(members, "metering_point_id"),
    )


def parse_history(body: bytes, meter: str) -> tuple[Value, ...]:
    """Return the values of one chunk of history [I]: objects with `timestamp_nom` or
    `timestamp_act`, `status`, and registers by their hex digits as `"<number> <unit>"`.
    """
    found = parse_json(body)
    if isinstance(found, dict):
        lists = [each for each in found.values() if isinstance(each, list)]
        found = lists[0] if lists else []
    if not isinstance(found, list):
        raise RemoteProtocolError("JSON, but no list of values")
    values: list[Value] = []
    for row in found:
        if isinstance(row, dict):
            values += _row(row, meter)
    return tuple(values)


def _row(row: Mapping[str, Json], meter: str) -> list[Value]:
    at = parse_instant(text_of(row, "timestamp_nom")) or parse_instant(
        text_of(row, "timestamp_act")
    )
    if at is None:
        return []
    said = text_of(row, "status")
    status = parse_status(said, meter_too=False)
    ptb = Ptb.OK if status is None else status.ptb
    why = () if status is None else status.words
    values: list[Value] = []
    for key in row:
        name = logical_name(key)
        amount = _AMOUNT.fullmatch(text_of(row, key))
        if name is None or amount is None or code_of(name.code) is None:
            continue
        value = number(amount[1])
        if value is not None:
            owner = name.owner or meter.lower()
            values.append(Value(owner, name.code, value, amount[2], at, ptb, said, why))
    return values


def parse_system(body: bytes) -> Gateway:
    """Return who the gateway is [I]."""
    members = parse_object(body)
    return Gateway(
        text_of(members, "huid").lower(),
        text_of(members, "firmwareversion"),
        parse_instant(text_of(members, "systemtime")),
    )
