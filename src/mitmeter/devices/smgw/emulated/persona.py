"""Who an emulated gateway is: a persona's tables as typed values, with errors that name the key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from mitmeter.devices.smgw.emulated.status import parse_reversed
from mitmeter.devices.smgw.emulated.switch import Table, only
from mitmeter.devices.smgw.emulated.switches import MAKES, TABLES, Switches, read_all
from mitmeter.errors import ConfigError
from mitmeter.model import Secret

_HEX12 = re.compile(r"[0-9A-Fa-f]{12}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
FEEDS = ("grid", "pv", "load")


@dataclass(frozen=True, slots=True)
class Account:
    """One login. meters, contracts: what it may see; empty: all. userid: of Theben's paths."""

    user: str
    password: Secret
    userid: str = ""
    meters: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Register:
    """One register. obis: as printed, 12 hex digits, or anything for one that is malformed.

    start: what an energy or volume register showed when the house began, kWh or m³.
    value: the raw text it always shows instead of following the house, "" for none.
    """

    obis: str
    scaler: int = -1
    unit: int = 30
    start: Decimal = Decimal(0)
    value: str = ""


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter behind the gateway. feeds: what it measures: grid, pv or load.

    name: its logical name. handle, values_handle: PPC's, for examples known beforehand.
    """

    id: str
    name: str
    feeds: str = "grid"
    phases: int = 1
    registers: tuple[Register, ...] = ()
    handle: str = ""
    values_handle: str = ""


_OPEN = "2024-01-01T00:00:00Z"
_NO_POINT = "DE0099999900000000000000000000000"


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract of the consumer. Instants as the wire has them; "": open."""

    id: str
    name: str
    taf: int = 7
    state: str = "running"
    start: str = _OPEN
    end: str = ""
    meters: tuple[str, ...] = ()
    point: str = _NO_POINT
    delivery: str = "emt-test"
    on_demand: bool = False
    databases: tuple[str, ...] = ("origin",)
    periods: int = 1


@dataclass(frozen=True, slots=True)
class Mark:
    """What is odd about one moment's readings. gateway, meter: its status words; capture: seconds
    from the moment to the capture; missing: there is no reading.
    """

    gateway: int | None = None
    meter: int | None = None
    capture: int | None = None
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Persona:
    """One gateway. seed: of what is made up about it; 0: that of the run."""

    make: str
    id: str
    firmware: str
    seed: int
    accounts: tuple[Account, ...]
    meters: tuple[Meter, ...]
    contracts: tuple[Contract, ...]
    marks: Mapping[datetime, Mark]
    switches: Switches


def read_persona(tables: Mapping[str, Any], options: Mapping[str, str]) -> Persona:
    """Return the persona. Raises ConfigError, naming the key, for what cannot be used."""
    only(tables, ("name", "gateway", "account", "meter", "contract", "mark", *TABLES), "")
    root = Table(tables, "")
    gateway = root.table("gateway")
    only(gateway.given, ("make", "id", "firmware", "seed"), "gateway")
    make = gateway.text("make", MAKES[0])
    if make not in MAKES:
        raise ConfigError("gateway.make", f"{make!r} is none of {', '.join(MAKES)}")
    meters = tuple(_meter(each) for each in root.tables("meter"))
    known = [each.id for each in meters]
    return Persona(
        make=make,
        id=gateway.text("id", "ethe0399000000"),
        firmware=gateway.text("firmware", "v9.99.0-cc"),
        seed=gateway.whole("seed", 0),
        accounts=tuple(_account(each, known) for each in root.tables("account")),
        meters=meters,
        contracts=tuple(_contract(each, known) for each in root.tables("contract")),
        marks=dict(_mark(each) for each in root.tables("mark")),
        switches=read_all(make, tables, options),
    )


def parse_instant(text: str, key: str) -> datetime:
    """Return an instant such as 2026-03-01T11:30:00Z. Raises ConfigError for anything else."""
    try:
        if not _INSTANT.fullmatch(text):
            raise ValueError(text)
        return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)
    except ValueError:
        raise ConfigError(key, f"{text!r} is not like 2026-03-01T11:30:00Z") from None


def _account(table: Table, meters: list[str]) -> Account:
    only(table.given, ("user", "password", "userid", "meters", "contracts"), table.key)
    return Account(
        table.text("user"),
        Secret(table.text("password")),
        table.text("userid"),
        _known(table, meters),
        table.texts("contracts"),
    )


def _meter(table: Table) -> Meter:
    keys = ("id", "name", "feeds", "phases", "register", "handle", "values_handle")
    only(table.given, keys, table.key)
    id = table.text("id")
    if not re.fullmatch(r"[0-9A-Za-z]{1,32}", id):
        raise ConfigError(table.path("id"), f"{id!r} is no meter id")
    feeds, phases = table.text("feeds", "grid"), table.whole("phases", 1)
    if feeds not in FEEDS:
        raise ConfigError(table.path("feeds"), f"{feeds!r} is none of {', '.join(FEEDS)}")
    if phases not in (1, 3):
        raise ConfigError(table.path("phases"), f"{phases} is neither 1 nor 3")
    return Meter(
        id,
        table.text("name", f"01005e318002.{id}.sm"),
        feeds,
        phases,
        tuple(_register(each) for each in table.tables("register")),
        table.text("handle"),
        table.text("values_handle"),
    )


def _register(table: Table) -> Register:
    only(table.given, ("obis", "scaler", "unit", "start", "value"), table.key)
    obis, value = table.text("obis"), table.text("value")
    if not value and not _HEX12.fullmatch(obis):
        raise ConfigError(table.path("obis"), f"{obis!r} is not 12 hex digits")
    start = table.text("start", "0")
    try:
        begin = Decimal(start)
    except InvalidOperation:
        begin = Decimal("NaN")
    if not begin.is_finite() or not 0 <= begin < 10**9:
        raise ConfigError(table.path("start"), f"{start!r} is no meter reading")
    scaler, unit = table.whole("scaler", -1), table.whole("unit", usual_unit(obis))
    if not -9 <= scaler <= 9:
        raise ConfigError(table.path("scaler"), f"{scaler} is not from -9 to 9")
    return Register(obis, scaler, unit, begin, value)


def usual_unit(obis: str) -> int:
    """Return the DLMS unit of a register: 30 Wh, 27 W, 33 A, 35 V, 44 Hz, 13 m³; 255 none."""
    if not _HEX12.fullmatch(obis):
        return 255
    medium, c = int(obis[:2], 16), int(obis[4:6], 16)
    if medium == 7:
        return 13
    if c in (1, 2):
        return 30
    units = {27: (16, 36, 56, 76), 33: (31, 51, 71), 35: (32, 52, 72), 44: (14,)}
    return next((unit for unit, group in units.items() if c in group), 255)


def _contract(table: Table, meters: list[str]) -> Contract:
    keys = ("id", "name", "taf", "state", "start", "end", "meters", "metering_point", "delivery")
    only(table.given, (*keys, "on_demand", "databases", "billing_periods"), table.key)
    start, end = table.text("start", _OPEN), table.text("end")
    parse_instant(start, table.path("start"))
    if end:
        parse_instant(end, table.path("end"))
    periods = table.whole("billing_periods", 1)
    if not 0 <= periods <= 5_000:
        raise ConfigError(table.path("billing_periods"), f"{periods} is not from 0 to 5000")
    return Contract(
        table.text("id"),
        table.text("name"),
        table.whole("taf", 7),
        table.text("state", "running"),
        start,
        end,
        _known(table, meters) or tuple(meters),
        table.text("metering_point", _NO_POINT),
        table.text("delivery", "emt-test"),
        table.flag("on_demand", usual=False),
        table.texts("databases") or ("origin",),
        periods,
    )


def _known(table: Table, meters: list[str]) -> tuple[str, ...]:
    named = table.texts("meters")
    for each in named:
        if each not in meters:
            raise ConfigError(table.path("meters"), f"there is no meter {each!r}")
    return named


def _mark(table: Table) -> tuple[datetime, Mark]:
    only(table.given, ("target", "gateway", "meter", "capture", "missing"), table.key)
    target = parse_instant(table.text("target"), table.path("target"))
    words: list[int | None] = []
    for name in ("gateway", "meter"):
        text = table.text(name)
        words.append(parse_reversed(text, table.path(name)) if text else None)
    capture = table.whole("capture", 0)
    if abs(capture) > 420:
        raise ConfigError(table.path("capture"), f"{capture} is not from -420 to 420")
    given = capture if "capture" in table.given else None
    return target, Mark(words[0], words[1], given, table.flag("missing", usual=False))
