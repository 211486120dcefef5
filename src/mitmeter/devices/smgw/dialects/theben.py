"""Theben Conexa: JSON objects by POST to one endpoint, values as raw whole numbers.

Scaler and unit come with the contract, not with the readings; all scalars are text. Source:
IF_GW_CON v1.4 [D], running clients [O]; gateway fact sheet §2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from mitmeter.devices.smgw.asking import Ask
from mitmeter.devices.smgw.jsontext import Json, objects_of, parse_object, text_of
from mitmeter.devices.smgw.legaltime import instant_of, parse_instant, parse_wall
from mitmeter.devices.smgw.metered import Contract, Gateway, Value
from mitmeter.devices.smgw.obis import (
    USUAL_ENERGY,
    Scale,
    is_energy,
    logical_name,
    owner_of,
    scale,
    scaled,
    whole,
)
from mitmeter.devices.smgw.status import Ptb, parse_gateway_word, parse_status
from mitmeter.errors import RemoteProtocolError

ROOT = "/smgw/m2m"
ORIGIN = "origin"
# At most this much history in one call; from is excluded, to included [D].
LONGEST = timedelta(days=31)
PROFILE = "7"

_JSON = (("Content-Type", "application/json"),)
_ENDPOINT = re.compile(r"/smgw/m2m/[^/?#\s]{1,200}/json/?")
_CONTRACT = re.compile(r"[0-9a-f]{12}\..+")
_METHODS = ("user-info", "usage-point-info", "readings", "smgw-info", "log", "self-test")


# --- what is asked ---


def discovery(*, plain: bool = False) -> Ask:
    """Ask where the user's endpoint is; the answer is a 307, and only that tells [O]."""
    return Ask("GET", ROOT, _JSON, plain=plain)


def call(endpoint: str, method: str, seconds: float = 30.0, **parameters: Json) -> Ask:
    """Call a method; dashes in parameter names are written as underscores here."""
    members = {"method": method, **{k.replace("_", "-"): v for k, v in parameters.items()}}
    body = json.dumps(members, separators=(",", ":")).encode()
    return Ask("POST", endpoint, _JSON, body, seconds)


def channels_of(endpoint: str, contract: str) -> Ask:
    return call(endpoint, "usage-point-info", usage_point_id=contract, database=ORIGIN)


def last_readings(endpoint: str, contract: str) -> Ask:
    """Ask for the newest value of every channel. The document says boolean, clients say text."""
    return call(endpoint, "readings", usage_point_id=contract, database=ORIGIN, last_reading="true")


def readings_between(endpoint: str, contract: str, after: datetime, until: datetime) -> Ask:
    """Ask for all values of a span: after < target time ≤ until, 31 days at most [D]."""
    return call(
        endpoint,
        "readings",
        # A month of signed values is megabytes.
        seconds=55.0,
        usage_point_id=contract,
        database=ORIGIN,
        last_reading=False,
        fromtime=shown(after),
        totime=shown(until),
    )


def shown(at: datetime) -> str:
    """Return an instant as the interface wants it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def endpoint_in(location: str, host: str = "") -> str | None:
    """Return the path of a redirection to a user's endpoint, None for anywhere else.

    host: ours of the gateway; an absolute address of another host leads outside.
    """
    try:
        parts = urlsplit(location.strip())
        elsewhere = bool(parts.netloc) and parts.netloc.partition(":")[0] != host.partition(":")[0]
    except ValueError:
        return None
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return None if elsewhere or not _ENDPOINT.fullmatch(path) else path


# --- what is answered ---


@dataclass(frozen=True, slots=True)
class Envelope:
    """One answer: the method it is to, and what that returns."""

    method: str
    payload: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Readings:
    """The values of one answer; odd: how many entries could not be read."""

    values: tuple[Value, ...]
    odd: int


def parse_answer(body: bytes) -> Envelope:
    """Return an answer. Raises RemoteProtocolError, in words, for what is none."""
    members = parse_object(body)
    method = text_of(members, "method")
    if not method:
        found = [name for name in _METHODS if name in members]
        method = found[0] if found else ""
    payload = members.get(method)
    if not method or not isinstance(payload, dict):
        raise RemoteProtocolError(f"JSON without the payload of its method {method[:40]!r}")
    return Envelope(method, payload)


def contracts(payload: Mapping[str, Json]) -> list[Contract]:
    """Return the contracts of `user-info`; without an id nothing can be asked, so those are not
    among them.
    """
    found = []
    for point in objects_of(payload, "usage-points"):
        id = text_of(point, "usage-point-id")
        if not id:
            continue
        meters = (text_of(each, "meter-id") for each in objects_of(point, "meter"))
        found.append(
            Contract(
                id,
                text_of(point, "usage-point-name"),
                text_of(point, "taf-number"),
                text_of(point, "taf-state").lower() == "running",
                tuple(owner_of(meter) for meter in meters if meter),
                text_of(point, "metering-point-id"),
            )
        )
    return found


def chosen(found: Iterable[Contract], taf: Iterable[str] = ()) -> list[Contract]:
    """Return whose readings to ask for: those in force of these use cases; without any given of
    TAF 7, or all in force where none is of that [O].
    """
    running = [each for each in found if each.running]
    wanted = frozenset(taf)
    if wanted:
        return [each for each in running if each.taf in wanted]
    return [each for each in running if each.taf == PROFILE] or running


def scales(payload: Mapping[str, Json]) -> dict[str, Scale]:
    """Return how each register's raw numbers are meant, of `usage-point-info`."""
    found: dict[str, Scale] = {}
    for database in objects_of(payload, "databases"):
        for channel in objects_of(database, "channels"):
            name = logical_name(text_of(channel, "obis"))
            how = scale(channel.get("scaler"), channel.get("unit"))
            if name is not None and how is not None:
                found.setdefault(name.code, how)
    return found


def readings(payload: Mapping[str, Json], known: Mapping[str, Scale]) -> Readings:
    """Return the values of `readings`.

    known: the scales of their contract. Energy registers without one are read as is usual [O];
    others are left out and counted.
    """
    values: list[Value] = []
    odd = 0
    for channel in objects_of(payload, "channels"):
        name = logical_name(text_of(channel, "obis"))
        rows = objects_of(channel, "readings")
        how = None if name is None else known.get(name.code)
        if name is not None and how is None and is_energy(name.code):
            how = USUAL_ENERGY
        if name is None or how is None:
            odd += max(1, len(rows))
            continue
        for row in rows:
            value = _value(row, name.code, name.owner, how)
            if value is None:
                odd += 1
            else:
                values.append(value)
    return Readings(tuple(values), odd)


def _value(row: Mapping[str, Json], code: str, owner: str, how: Scale) -> Value | None:
    raw = whole(row.get("value"))
    at = parse_instant(text_of(row, "target-time")) or parse_instant(text_of(row, "capture-time"))
    if raw is None or at is None:
        return None
    said = text_of(row, "cosem-status")
    if not said:
        said = text_of(row, "smgw-status") + text_of(row, "meter-status")
    status = parse_status(said)
    meter = owner or owner_of(text_of(row, "owner-number"))
    return Value(
        "" if _CONTRACT.fullmatch(meter) else meter,
        code,
        scaled(raw, how),
        how.unit,
        at,
        Ptb.OK if status is None else status.ptb,
        said,
        () if status is None else status.words,
    )


def gateway(payload: Mapping[str, Json]) -> Gateway:
    """Return what `smgw-info` says. Its clock shows legal time without a zone [D]."""
    firmware = payload.get("firmware-info")
    version = text_of(firmware, "version") if isinstance(firmware, dict) else ""
    wall = parse_wall(text_of(payload, "smgw-time"))
    status = parse_gateway_word(text_of(payload, "smgw-state"))
    state = "" if status is None else ", ".join(status.words) or "ok"
    return Gateway(
        text_of(payload, "smgw-id").lower(),
        version,
        None if wall is None else instant_of(wall),
        state,
    )
