"""Who a meter is, and what its codes mean: type, software, relays, events. All of it [O]."""

from __future__ import annotations

from decimal import Decimal

from mitmeter.devices.kamstrup.values import Value
from mitmeter.model import DeviceId

PROTOCOL = "kamstrup"
SERIAL_REGISTER = 1001

_NO_SERIAL = (0, 0xFFFF_FFFF)

_BY_VARIANT: dict[tuple[int, int], str] = {
    (0x53, 0x00): "K382 B/C",
    (0x53, 0x01): "K382 J",
    (0x53, 0x03): "K382 K",
    (0x55, 0x00): "K382 D/E",
    (0x55, 0x01): "K382 J",
    (0x55, 0x02): "K382 J NTA",
    (0x55, 0x03): "K382 K",
}
_BY_TYPE: dict[int, str] = {
    **dict.fromkeys((0x53, 0x55), "K382"),
    **dict.fromkeys((0x56, 0x57), "K162"),
    **dict.fromkeys((0x58, 0x59), "K282"),
    0x5A: "OMNIPOWER",
    0x60: "351B",
    0x61: "351B Aron",
    **dict.fromkeys((0x62, 0x63), "K382 L"),
    **dict.fromkeys((0x64, 0x65), "K162 L"),
    **dict.fromkeys((0x66, 0x67), "K282 L"),
    **dict.fromkeys((0x68, 0x69), "K382 M"),
    **dict.fromkeys((0x70, 0x71), "K162 M"),
    **dict.fromkeys((0x72, 0x73), "K282 M"),
    0x75: "351C",
    0x76: "251C",
}

CUT_OFF_STATES: dict[int, str] = {
    0x00: "no relay",
    0x01: "disconnected by command",
    0x04: "connected",
    0x05: "warning before cut-off",
    0x06: "cut off",
    0x07: "cut off (prepayment)",
    0x08: "released for reconnection",
    0x09: "prepayment low-max expired",
    0x0B: "disconnected by push button",
}
CUT_OFF_WISHES: dict[int, str] = {1: "disconnect", 2: "release", 3: "reconnect"}

EVENT_BITS: tuple[dict[int, str], ...] = (
    {
        0x01: "reset",
        0x02: "EEPROM error",
        0x04: "magnetic field",
        0x08: "RAM test error",
        0x10: "ROM checksum error",
        0x20: "alarm input",
        0x40: "front cover open",
        0x80: "auxiliary supply",
    },
    {0x01: "RF data ready", 0x02: "forced call"},
    {
        0x01: "billing logged",
        0x02: "RTC event logged",
        0x04: "meter status logged",
        0x08: "voltage quality logged",
        0x10: "disconnect event logged",
    },
)


def meter(serial: int) -> DeviceId:
    """Return the device of a serial number."""
    return DeviceId(PROTOCOL, str(serial))


def nameless(address: int) -> DeviceId:
    """Return what stands for a meter nobody has asked for its serial number."""
    return DeviceId(PROTOCOL, f"address-{address:02X}")


def plausible(serial: int) -> bool:
    """Return whether this is a serial number and not what stands for none."""
    return serial not in _NO_SERIAL


def serial_in(value: Value) -> int | None:
    """Return the serial number in a register's value, or None."""
    if not isinstance(value, Decimal) or value != value.to_integral_value():
        return None
    serial = int(value)
    return serial if 0 < serial < 10**20 and plausible(serial) else None


def model(code: int) -> str:
    """Return what kind of meter says this type of two bytes."""
    high, low = code >> 8, code & 0xFF
    known = _BY_VARIANT.get((high, low)) or _BY_TYPE.get(high)
    return known or f"type {code:04X}"


def software(revision: int) -> str:
    """Return a software revision of two bytes: letter (1 = A … 26 = Z, 27 = AA) and number.

    Empty for 0, which is "not available".
    """
    letter, number = revision >> 8, revision & 0xFF
    if not revision:
        return ""
    text = ""
    while letter:
        letter, place = divmod(letter - 1, 26)
        text = chr(ord("A") + place) + text
    return f"{text}{number}"


def cut_off(state: int) -> str:
    return CUT_OFF_STATES.get(state, f"state {state:02X}")


def events(status: bytes) -> tuple[str, ...]:
    """Return the names of the event bits that are set; unnamed ones by byte and mask."""
    found: list[str] = []
    for place, byte in enumerate(status):
        names = EVENT_BITS[place] if place < len(EVENT_BITS) else {}
        for bit in range(8):
            if byte & 1 << bit:
                found.append(names.get(1 << bit, f"byte {place} bit {bit}"))
    return tuple(found)
