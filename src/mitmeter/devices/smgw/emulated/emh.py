"""An EMH CASA 1.1 at its HAN port: JSON by GET, for who asks it by its own name.

Source: fact sheet §4: meters, current values and contracts [O]; history, log, billing periods and
system information are described there without an example [I], and are made up where it ends [A].
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote

from mitmeter.devices.smgw.emulated.grid import Capture
from mitmeter.devices.smgw.emulated.login import Verdict, header
from mitmeter.devices.smgw.emulated.make import Outcome, Site, json_reply, refusal, reply
from mitmeter.devices.smgw.emulated.meter import (
    UNIT_TEXTS,
    is_counter,
    is_named,
    raw_value,
    scaled_text,
)
from mitmeter.devices.smgw.emulated.persona import Account, Contract, Meter, Register, parse_instant
from mitmeter.devices.smgw.emulated.status import printed_reversed
from mitmeter.devices.smgw.messages import Request

_OWN_NAME = "smgw.local"
_MALFORMED = Register("short", 0, 255, value="0")
_METERING = ("json", "metering")
_CHUNK = timedelta(days=30)
_MOST_CHUNKS = 36
_LOG_CHUNK = 100
_NUMBER = re.compile(r"[0-9]{1,6}")


class Emh:
    """One gateway. See `EmhSwitches` for what can be different."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._switches = site.switches.emh

    def answer(self, request: Request, now: datetime) -> Outcome:
        if self._switches.host_check != "off" and not self._is_ours(header(request, "Host")):
            return reply(int(self._switches.host_check))
        misframed = self._site.misframed(request)
        if misframed is not None:
            return misframed
        visit = self._site.door.judge(request, now)
        if visit.verdict is not Verdict.ADMITTED or visit.account is None:
            return refusal(self._site, visit.verdict, now)
        if request.method != "GET":
            return reply(405)
        path = request.target.partition("?")[0].strip("/")
        found = self._find([unquote(part) for part in path.split("/")], visit.account, now)
        return reply(404) if found is None else json_reply(found, in_order=True)

    def _is_ours(self, host: str) -> bool:
        """Tell whether a Host names this gateway. It does not know its own address here, so any
        address is.
        """
        name = re.sub(r":\d+\Z", "", host.strip().lower())
        named = [each.strip().lower() for each in self._switches.hosts.split(",")]
        if name in (_OWN_NAME, f"{self._site.persona.id.lower()}.local", *filter(None, named)):
            return True
        try:
            ip_address(name.strip("[]").partition("%")[0])
        except ValueError:
            return False
        return True

    def _find(self, path: Sequence[str], account: Account, now: datetime) -> Any:
        """Return what lies at a path, None for nothing."""
        if tuple(path[:2]) == _METERING and len(path) > 2:
            kind, rest = path[2], path[3:]
            if kind == "origin":
                return self._origin(rest, account, now)
            if kind == "derived":
                return self._derived(rest, account, now)
        if path[:2] == ["json", "systeminformations"] and len(path) == 2:
            return self._system(now)
        if path[:2] == ["json", "conlogbook"] and len(path) <= 3:
            return self._log(_number(path[2] if len(path) == 3 else "0"), now)
        return None

    # --- meters

    def _origin(self, rest: Sequence[str], account: Account, now: datetime) -> Any:
        meters = {each.id: each for each in self._site.meters_of(account)}
        if self._switches.no_meters:
            meters = {}
        if not rest:
            return list(meters)
        meter = meters.get(rest[0])
        if meter is None or len(rest) > 2:
            return None
        if rest[1:] == ["extended"]:
            return self._extended(meter, now)
        if len(rest) == 2:
            return self._chunk(meter, _number(rest[1]), now)
        if self._switches.history == "newest":
            return self._chunk(meter, 0, now)
        return self._chunks(now)

    def _extended(self, meter: Meter, now: datetime) -> dict[str, Any]:
        capture = self._site.grid.last(now)
        shown = [each for each in meter.registers if self._switches.taf10 or is_counter(each)]
        if self._switches.malformed:
            shown.append(_MALFORMED)
        clock = self._site.grid.now(now)
        return {
            "capture_time": self._iso(capture.at),
            "status": self._status(capture),
            "timestamp": self._iso(clock),
            "values": [self._value(meter, each, capture, clock) for each in shown],
        }

    def _value(
        self, meter: Meter, register: Register, capture: Capture, clock: datetime
    ) -> dict[str, Any]:
        register = self._scaled(register)
        # Without storage [D]: grid values are those of now, counters those of the grid.
        at = capture.valued if is_counter(register) else clock
        name = register.obis
        if is_named(register):
            digits = name.upper() if self._switches.uppercase else name
            name = f"{digits}.{meter.id}.sm"
        return {
            "logical_name": name,
            "scaler": register.scaler,
            "signature": "-",
            "unit": register.unit,
            "value": raw_value(meter, register, self._site.house, at),
        }

    def _scaled(self, register: Register) -> Register:
        if register.unit != 30 or register.value:
            return register
        return replace(register, scaler=self._switches.energy_scaler)

    def _status(self, capture: Capture) -> str:
        text = printed_reversed(capture.gateway) + printed_reversed(
            self._site.grid.meter_word(capture)
        )
        return text[: self._switches.status_digits]

    def _chunks(self, now: datetime) -> list[int]:
        """Return the numbers of the chunks, 0 the newest [A]."""
        kept = timedelta(days=self._site.switches.clock.keeps_days)
        return list(range(min(_MOST_CHUNKS, -(-kept // _CHUNK))))

    def _chunk(self, meter: Meter, number: int, now: datetime) -> list[dict[str, str]] | None:
        """Return one chunk's readings, oldest first [A]; None beyond the last."""
        if number not in self._chunks(now):
            return None
        until = self._site.grid.now(now) - number * _CHUNK
        period = timedelta(seconds=self._site.switches.clock.period)
        found = self._site.grid.between(until - _CHUNK, until + period, now)
        edge = self._site.grid.now(now)
        return [
            self._row(meter, each)
            for each in found
            if not each.missing and until - _CHUNK < each.at <= min(until, edge)
        ]

    def _row(self, meter: Meter, capture: Capture) -> dict[str, str]:
        row = {
            "timestamp_act": self._iso(capture.at),
            "timestamp_nom": self._iso(capture.target),
            "status": self._status(capture),
        }
        for each in map(self._scaled, meter.registers):
            if is_counter(each):
                raw = raw_value(meter, each, self._site.house, capture.valued)
                row[each.obis] = f"{scaled_text(raw, each)} {UNIT_TEXTS[each.unit]}"
        return row

    # --- contracts

    def _derived(self, rest: Sequence[str], account: Account, now: datetime) -> Any:
        contracts = {each.id: each for each in self._site.contracts_of(account)}
        if not rest:
            return list(contracts)
        contract = contracts.get(rest[0])
        if contract is None:
            return None
        if len(rest) == 1:
            return self._contract(contract, account)
        if rest[1] == "billingperiods" and len(rest) == 2:
            days = [self._day(contract, each, now) for each in range(contract.periods)]
            return [{"start": self._iso(a), "end": self._iso(b)} for a, b in filter(None, days)]
        if rest[1] == "billingperiods" and len(rest) == 3:
            return self._period(contract, _number(rest[2]), now)
        if rest[1:] == ["daily"]:
            bills = (self._period(contract, each, now) for each in range(contract.periods))
            return [each for each in bills if each is not None]
        return None

    def _contract(self, contract: Contract, account: Account) -> dict[str, Any]:
        begin = self._iso(parse_instant(contract.start, "start"))
        end = self._iso(parse_instant(contract.end, "end")) if contract.end else ""
        return {
            "taf_type": f"TAF-{contract.taf}",
            "taf_name": contract.name,
            "taf_identifier": contract.id,
            "metering_point_id": contract.point,
            "sensor_domains": list(contract.meters) if self._switches.sensor_domains else [],
            "user_domain": account.user,
            "validity_start": begin,
            "validity_end": end,
            "capture_period": self._site.switches.clock.period,
        }

    def _day(
        self, contract: Contract, number: int, now: datetime
    ) -> tuple[datetime, datetime] | None:
        """Return a billing period: the running local day, or one so many days before."""
        if number >= contract.periods:
            return None
        shown = self._site.grid.local(self._site.grid.now(now))
        today = shown.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        begin = (today - timedelta(days=number)).astimezone(UTC)
        end = (today - timedelta(days=number - 1)).astimezone(UTC)
        return (begin, end) if begin >= parse_instant(contract.start, "start") else None

    def _period(self, contract: Contract, number: int, now: datetime) -> dict[str, Any] | None:
        """Return the registers as they were at a period's end, or as they are now."""
        day = self._day(contract, number, now)
        if day is None:
            return None
        last = self._site.grid.last(now)
        capture = self._site.grid.at(day[1]) if day[1] < last.target else last
        values = [
            self._value(meter, register, capture, capture.valued)
            for meter in self._site.persona.meters
            if meter.id in contract.meters
            for register in meter.registers
            if is_counter(register)
        ]
        return {"start": self._iso(day[0]), "end": self._iso(day[1]), "values": values}

    # --- the rest

    def _system(self, now: datetime) -> dict[str, str]:
        return {
            "huid": self._site.persona.id,
            "firmwareversion": self._site.persona.firmware,
            "systemtime": self._iso(self._site.grid.now(now)),
            "vendor": "EMH",
        }

    def _log(self, chunk: int, now: datetime) -> list[dict[str, Any]] | None:
        """Return one chunk of the log, 0 the oldest [A]."""
        until = self._site.grid.now(now) + timedelta(seconds=1)
        first = chunk * _LOG_CHUNK + 1
        found = self._site.log.since_index(first, until, _LOG_CHUNK)
        if not found:
            return None if chunk else []
        return [
            {
                "recordnumber": entry.index,
                "timestamp": self._iso(entry.at),
                "level": entry.level,
                "text": entry.message,
                "outcome": "SUCCESS" if entry.good else "FAILURE",
                "vendor": "EMH",
            }
            for entry in found
        ]

    def _iso(self, at: datetime) -> str:
        """Return an instant in local time with its offset, to the second."""
        return self._site.grid.local(at.astimezone(UTC)).isoformat(timespec="seconds")


def _number(text: str) -> int:
    return int(text) if _NUMBER.fullmatch(text) else 10**6
