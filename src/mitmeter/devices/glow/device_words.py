"""What an emulated display says: members in the order of real messages, numbers as they have them.

Source: fact sheet §3, §6, worked examples G1 to G5 [O].
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from mitmeter.devices.glow.device_meters import Electricity, Gas
from mitmeter.devices.glow.device_persona import Persona, Quirk, Rate, Supply
from mitmeter.devices.glow.identity import host_of_mac
from mitmeter.devices.glow.messages import PATH, MeterReport, Prices
from mitmeter.devices.glow.registers import ZIGBEE_EPOCH
from mitmeter.wire.http import Headers

_FOREVER = "FFFF"
_STERLING = "033A"
_METERING = "0702"


def meter_report(
    persona: Persona,
    clock: int,
    electricity: Electricity,
    gas: Gas | None,
    reception: tuple[int, int],
) -> MeterReport:
    """Return a report. clock: Unix seconds by the display. reception: dBm and link quality."""
    quirks = persona.quirks
    joined = Quirk.NOT_JOINED not in quirks
    empty = not joined or Quirk.EMPTY_METERS in quirks
    content: dict[str, Any] = {
        "elecMtr": {_METERING: {}} if empty else _electricity(persona.electricity, electricity)
    }
    if gas is not None and persona.gas is not None:
        content["gasMtr"] = {} if empty else _gas(persona.gas, gas)
    if Quirk.SENTINELS in quirks:
        content = _without_values(content)
    rssi, lqi = reception if joined else (0, 0)
    content |= {
        "hversion": persona.identity.hardware,
        "time": f"{clock:08X}",
        "zbSoftVer": persona.identity.radio,
        "pan": {
            "rssi": f"{rssi & 0xFF:02X}",
            "status": "joined" if joined else "not joined",
            "nPAN": "00",
            "join": "0",
            "lqi": f"{lqi:02X}",
        },
        "smetsVer": persona.identity.meters,
        "gid": persona.identity.eui,
    }
    body = json.dumps(content, separators=(",", ":"))
    return MeterReport(headers(persona, clock, body), body, PATH)


def prices(persona: Persona, clock: int, at: datetime) -> Prices:
    """Return the tariff. at: the meter's time, which is right whatever the display's clock says."""
    rate = persona.rate
    year = at.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    start, now = (f"{int(each.timestamp()) - ZIGBEE_EPOCH:08X}" for each in (year, at))
    fields = (
        *("01", "00", "00000001", rate.label, start, now, "00", _STERLING),
        *(f"{rate.digits << 4:02X}", "11", start, _FOREVER, _raw(rate, rate.price), "FF"),
        *("FFFFFFFF", "FF", "FFFFFFFF", "FF", "FF", "00", "00"),
    )
    body = f"EPRICE:{','.join(fields)}\r\nESTDCHG:{_raw(rate, rate.standing)}\r\n"
    return Prices(headers(persona, clock, body), body, PATH)


def headers(persona: Persona, clock: int, body: str) -> Headers:
    identity = persona.identity
    found = [("Host", host_of_mac(identity.mac)), ("X-TS", f"{clock:08X}")]
    if Quirk.NO_ID not in persona.quirks:
        found.insert(1, ("X-ID", identity.name))
    if not persona.keeps_alive:
        found.append(("Connection", "close"))
    found.append(("Content-Length", str(len(body.encode()))))
    if Quirk.LOWER_CASE in persona.quirks:
        return tuple((name.lower(), value) for name, value in found)
    return tuple(found)


def _raw(rate: Rate, amount: Decimal) -> str:
    return f"{int(amount.scaleb(rate.digits)):08X}"


def _electricity(supply: Supply, read: Electricity) -> dict[str, Any]:
    demand = read.demand_w & 0xFFFFFFFF
    return {
        _METERING: {
            "03": {
                "01": "00000001",
                "04": "00",
                "02": "000003E8",
                "07": supply.number,
                "03": "2B",
                "08": "",
                "00": "00",
                "06": "00",
            },
            "00": {
                "07": "00000000",
                "01": f"{read.exported_wh:012X}",
                "00": f"{read.imported_wh:012X}",
                "14": "02",
                "02": "000000000000",
            },
            "04": {
                "01": f"{read.day_wh:06X}",
                "40": f"{read.month_wh:06X}",
                "30": f"{read.week_wh:06X}",
                "00": f"{demand:08X}",
            },
            "02": {"00": "00"},
        },
        **_payment(supply.supplier),
    }


def _gas(supply: Supply, read: Gas) -> dict[str, Any]:
    return {
        _METERING: {
            "03": {
                "01": "00000001",
                "12": "00",
                "02": "000003E8",
                "07": supply.number,
                "03": "2B",
                "08": "",
                "00": "01",
                "06": "80",
            },
            "00": {"00": f"{read.register_l:012X}", "14": "02"},
            "0C": {
                "01": f"{read.day_wh:06X}",
                "40": f"{read.month_wh:06X}",
                "30": f"{read.week_wh:06X}",
            },
            "02": {"00": "00"},
        },
        **_payment(supply.supplier),
    }


def _payment(supplier: str) -> dict[str, Any]:
    return {
        "0705": {"00": {"01": "00000000", "00": "0094"}},
        "0708": {"01": {"01": supplier}},
    }


def _without_values(meters: dict[str, Any]) -> dict[str, Any]:
    """Return the meters with the patterns that say "no value" in all their figures."""
    for meter in meters.values():
        metering = meter.get(_METERING, {})
        for high in ("00", "04", "0C"):
            attributes = metering.get(high, {})
            for low, text in attributes.items():
                is_demand = high == "04" and low == "00"
                if len(text) > 2:
                    attributes[low] = "FF800000" if is_demand else "F" * len(text)
    return meters
