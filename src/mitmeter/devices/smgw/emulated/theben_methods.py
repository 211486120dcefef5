"""What a Conexa's methods answer. All scalars are text, as the gateway has them [D].

Source: fact sheet §2.5.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mitmeter.devices.smgw.emulated.cms import Signer
from mitmeter.devices.smgw.emulated.grid import Capture
from mitmeter.devices.smgw.emulated.logbook import Entry
from mitmeter.devices.smgw.emulated.make import Site, utc_text
from mitmeter.devices.smgw.emulated.meter import is_counter, is_total, raw_value
from mitmeter.devices.smgw.emulated.persona import (
    Account,
    Contract,
    Meter,
    Register,
    parse_instant,
)
from mitmeter.devices.smgw.emulated.status import printed_reversed

MOST_LOG = 1_500
_DATABASES = ("origin", "derived", "calculated", "daily")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_CHANNEL = re.compile(r"[0-9A-Fa-f]{12}")
_SYSLOG = {1: "6", 2: "4", 3: "3", 4: "1"}
_LOG_WAYS: tuple[set[str], ...] = (
    set(),
    {"fromtime"},
    {"totime"},
    {"fromindex"},
    {"count"},
    {"fromtime", "totime"},
    {"fromindex", "count"},
    {"fromtime", "count"},
    {"fromtime", "totime", "count"},
)
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


class BadParameter(Exception):
    """A parameter is missing or makes no sense: 400."""


class Busy(Exception):
    """A self-test is running, or was a moment ago: 403."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request. asked: its JSON object."""

    site: Site
    account: Account
    asked: Mapping[str, Any]
    now: datetime

    @property
    def clock(self) -> datetime:
        """Return the gateway's own time."""
        return self.site.grid.now(self.now)

    def contract(self) -> Contract:
        wanted = self.asked.get("usage-point-id")
        for each in self.site.contracts_of(self.account):
            if each.id == wanted:
                return each
        raise BadParameter

    def meters(self, contract: Contract) -> tuple[Meter, ...]:
        seen = self.site.meters_of(self.account)
        return tuple(each for each in seen if each.id in contract.meters)


def smgw_info(call: Call) -> dict[str, Any]:
    site = call.site
    signer = Signer.of(site.seed, site.persona.id)
    han = site.switches.theben.han_tls or signer.certificate_pem
    shown = site.grid.local(call.clock).strftime("%Y-%m-%dT%H:%M:%S")
    return {
        "certificates": {
            "han": {"tls": han.encode().hex()},
            "wan": [{"cert-index": "0", "sig": signer.certificate.hex(), "sub-ca": ""}],
        },
        "firmware-info": {
            "component": "Firmware",
            "hash": site.made_hex("firmware", 32),
            "version": site.persona.firmware,
        },
        "smgw-id": site.persona.id.lower(),
        "smgw-state": printed_reversed(site.grid.last(call.now).gateway),
        "smgw-time": shown,
    }


def user_info(call: Call) -> dict[str, Any]:
    return {
        "usage-points": [_usage_point(call, each) for each in call.site.contracts_of(call.account)]
    }


def _usage_point(call: Call, contract: Contract) -> dict[str, Any]:
    return {
        "billing-Periods": _billing_periods(call, contract),
        "capture-time": "00:00:00",
        "delivery-id": contract.delivery,
        "end-time": contract.end,
        "meter": [{"meter-id": each.id} for each in call.meters(contract)],
        "metering-point-id": contract.point,
        "on-demand-profile-configured": str(contract.on_demand).lower(),
        "start-time": contract.start,
        "taf-number": str(contract.taf),
        "taf-state": contract.state,
        "usage-point-id": contract.id,
        "usage-point-name": contract.name,
    }


def _billing_periods(call: Call, contract: Contract) -> list[dict[str, str]]:
    """Return the latest local days of a running contract, newest first."""
    if contract.state != "running":
        return []
    grid, begin = call.site.grid, parse_instant(contract.start, "start")
    day = grid.local(call.clock).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    found = []
    for _ in range(contract.periods):
        start, end = day.astimezone(UTC), (day + timedelta(days=1)).astimezone(UTC)
        if end <= begin:
            break
        found.append({"end-time": utc_text(end), "start-time": utc_text(max(start, begin))})
        day -= timedelta(days=1)
    return found


def usage_point_info(call: Call) -> dict[str, Any]:
    contract = call.contract()
    wanted = call.asked.get("database")
    if wanted is not None and wanted not in contract.databases:
        raise BadParameter
    site = call.site
    return {
        "databases": [
            {"channels": _channels(call, contract, name), "database": name}
            for name in contract.databases
            if wanted in (None, name)
        ],
        "emts": [f"{contract.delivery}.sm"],
        "taf-profile": _profile(call, contract).hex(),
        "transparency-bit": str(site.switches.clock.transparency).lower(),
        "usage-point-id": contract.id,
        "usage-point-name": contract.name,
    }


def _channels(call: Call, contract: Contract, database: str) -> list[dict[str, str]]:
    return [
        {
            "obis": _obis(call, meter, register),
            "scaler": str(register.scaler),
            "unit": str(register.unit),
        }
        for meter, register in _registers(call, contract, database)
    ]


def _profile(call: Call, contract: Contract) -> bytes:
    """Return the TAF's profile as a signed file; what is in a real one is unknown [U]."""
    xml = f'<?xml version="1.0" encoding="UTF-8"?>\n<profile id="{contract.id}"/>\n'
    return Signer.of(call.site.seed, call.site.persona.id).sealed(xml.encode())


def _registers(call: Call, contract: Contract, database: str) -> Iterable[tuple[Meter, Register]]:
    """Return the stored registers: tariffs' in `calculated`, totals in all others."""
    return [
        (meter, register)
        for meter in call.meters(contract)
        for register in meter.registers
        if is_counter(register) and is_total(register) != (database == "calculated")
    ]


def _obis(call: Call, meter: Meter, register: Register) -> str:
    if call.site.switches.theben.obis == "bare":
        return register.obis
    return f"{register.obis}.{meter.id}.sm"


def readings(call: Call) -> dict[str, Any]:
    contract, database = call.contract(), call.asked.get("database")
    if database not in _DATABASES or database not in contract.databases:
        raise BadParameter
    wanted = _wanted_channels(call.asked.get("channels"))
    captures = _captures(call, contract, str(database))
    if call.site.switches.theben.order == "newest":
        captures.reverse()
    chosen = [
        (meter, register)
        for meter, register in _registers(call, contract, str(database))
        if wanted is None or register.obis.lower() in wanted
    ]
    if wanted is not None and {register.obis.lower() for _, register in chosen} != wanted:
        raise BadParameter
    # Moment by moment: the house knows its way best forwards in time.
    rows = [
        [_reading(call, meter, register, each, contract) for meter, register in chosen]
        for each in captures
    ]
    found: list[dict[str, Any]] = [
        {"obis": _obis(call, *each), "readings": [row[place] for row in rows]}
        for place, each in enumerate(chosen)
    ]
    empty = call.site.switches.theben.empty_channel
    if empty:
        found.append({"obis": empty, "readings": []})
    return {"channels": found, "records": str(len(rows) * len(chosen))}


def _wanted_channels(given: Any) -> set[str] | None:
    if given is None:
        return None
    if not isinstance(given, list):
        raise BadParameter
    found = set()
    for each in given:
        channel = each.get("channel") if isinstance(each, dict) else None
        if not isinstance(channel, str) or not _CHANNEL.match(channel):
            raise BadParameter
        found.add(channel[:12].lower())
    return found


def _captures(call: Call, contract: Contract, database: str) -> list[Capture]:
    grid = call.site.grid
    begin = parse_instant(contract.start, "start")
    end = parse_instant(contract.end, "end") if contract.end else datetime.max.replace(tzinfo=UTC)
    if _is_true(call.asked.get("last-reading", False)):
        newest = grid.last(call.now)
        until = min(newest.target, end)
        back = timedelta(days=2 if database == "daily" else 1)
        found = [
            each
            for each in grid.between(max(begin, until - back), until, call.now)
            if not each.missing and _belongs(call, each, database)
        ]
        return found[-1:]
    since, until = _time(call.asked.get("fromtime")), _time(call.asked.get("totime"))
    longest = call.site.switches.theben.longest_days
    if until < since or (longest and until - since > timedelta(days=longest)):
        raise BadParameter
    closed = call.site.switches.theben.window == "closed"
    return [
        each
        for each in grid.between(max(since, begin), min(until, end), call.now)
        if not each.missing and (closed or each.target > since) and _belongs(call, each, database)
    ]


def _belongs(call: Call, capture: Capture, database: str) -> bool:
    """Tell whether a database keeps this reading: `daily` has local midnights only."""
    if database != "daily":
        return True
    local = call.site.grid.local(capture.target)
    return (local.hour, local.minute, local.second) == (0, 0, 0)


def _reading(
    call: Call, meter: Meter, register: Register, capture: Capture, contract: Contract
) -> dict[str, Any]:
    computed = call.asked.get("database") in ("derived", "calculated")
    gateway, own = (
        printed_reversed(capture.gateway),
        printed_reversed(call.site.grid.meter_word(capture)),
    )
    return {
        "capture-time": utc_text(capture.at),
        "cosem-status": gateway + own,
        "meter-status": own,
        "owner-number": contract.id if computed else f"{meter.id}.sm",
        "signature": _signature(call, meter, register, capture),
        "smgw-status": gateway,
        "target-time": utc_text(capture.target),
        "value": raw_value(meter, register, call.site.house, capture.valued),
    }


def _signature(call: Call, meter: Meter, register: Register, capture: Capture) -> str | None:
    how = call.site.switches.theben.signature
    if how == "null":
        return None
    if how != "made":
        return how
    return call.site.made_hex(f"{meter.id}/{register.obis}/{capture.target}", 64)


def log(call: Call) -> dict[str, Any]:
    asked = {name for name in ("fromtime", "totime", "fromindex", "count") if name in call.asked}
    if asked not in _LOG_WAYS:
        raise BadParameter
    count = _whole(call.asked.get("count", MOST_LOG), 1, MOST_LOG)
    until = call.clock + timedelta(seconds=1)
    if "totime" in asked:
        until = min(until, _time(call.asked["totime"]))
    if "fromindex" in asked:
        index = _whole(call.asked["fromindex"], 0, 2**63)
        found = call.site.log.since_index(index, until, count)
    else:
        since = _time(call.asked["fromtime"]) if "fromtime" in asked else _BEGIN
        found = call.site.log.between(since, until, count)
    entries = [_log_entry(call, entry) for entry in found]
    return {"entries": entries, "records": str(len(entries))}


def _log_entry(call: Call, entry: Entry) -> dict[str, str]:
    contracts = call.site.contracts_of(call.account)
    syslog = call.site.switches.theben.level == "syslog"
    return {
        "event-id": entry.event,
        "event-sub-id": "0",
        "index": str(entry.index),
        "level": _SYSLOG[entry.level] if syslog else str(entry.level),
        "message": entry.message,
        "outcome": "0" if entry.good else "1",
        "subject-identity": contracts[0].id if contracts else "",
        "time": utc_text(entry.at),
        "user-identity": f"01005e318011.{call.account.user}.sm",
        "vendor-id": "BSI",
        "version": "1",
    }


def self_test(call: Call) -> dict[str, Any]:
    notes, pause = call.site.notes("selftest"), call.site.switches.theben.selftest_seconds
    last = notes.read().get("at")
    if isinstance(last, int) and 0 <= call.now.timestamp() - last < pause:
        raise Busy
    notes.write({"at": int(call.now.timestamp())})
    call.site.log.happened(call.clock, "Selbsttest gestartet")
    call.site.log.happened(call.clock + timedelta(seconds=30), "Selbsttest erfolgreich")
    return {}


METHODS: Mapping[str, Callable[[Call], dict[str, Any]]] = {
    "smgw-info": smgw_info,
    "user-info": user_info,
    "usage-point-info": usage_point_info,
    "readings": readings,
    "log": log,
    "self-test": self_test,
}


def _time(text: Any) -> datetime:
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise BadParameter
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadParameter from None


def _whole(value: Any, least: int, most: int) -> int:
    """Return a whole number; text of digits is one, too."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if type(value) is not int or not least <= value <= most:
        raise BadParameter
    return value


def _is_true(value: Any) -> bool:
    """Return a boolean; the document says it is one, clients send text [O]."""
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise BadParameter
