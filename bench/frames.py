"""The status frames a bench sends: any battery's serial and time, checksums right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastcrc import crc16

# A clock years behind is taken for one that was never set, and its readings are dated by their
# arrival: so a bench may send a day's frames in a second without its clock seeming to jump.
UNSET = datetime(2001, 1, 1, tzinfo=UTC)

_PAYLOAD = (
    '{{"Time":"{time:%Y/%m/%d %H:%M:%S}","SN":"{serial}","Ppv1":"{pv}","Ppv2":"1492",'
    '"PrealL1":"640","PrealL2":"0.0","PrealL3":"0.0","PmeterL1":"{grid}","PmeterL2":"0",'
    '"PmeterL3":"0","PmeterDC":"0","Pbat":"-{battery}.5000","Sva":"655","VarAC":"-92",'
    '"VarDC":"-4","SOC":"{soc}.4"}}'
)


def _sealed(body: bytes) -> bytes:
    return body + crc16.modbus(body).to_bytes(2, "big")


# What the stand-in server says to a status: Success.
ANSWER = _sealed(b'\x01\x02\x10\x00\x00\x00\x14{"Status":"Success"}')


def serial(battery: int) -> str:
    return f"AL990000{battery:07}"


def status(battery: int, time: datetime) -> bytes:
    """Return the frame battery number `battery` sends when its clock shows `time`."""
    second = int(time.timestamp())
    payload = _PAYLOAD.format(
        time=time,
        serial=serial(battery),
        pv=1000 + second % 997,
        grid=second % 1009 - 500,
        battery=1500 + second % 991,
        soc=second // 600 % 100,
    ).encode()
    return _sealed(b"\x01\x01\x10" + len(payload).to_bytes(4, "big") + payload)


def statuses(battery: int, count: int, start: datetime = UNSET) -> list[bytes]:
    """Return `count` frames of one battery, ten seconds apart."""
    return [status(battery, start + timedelta(seconds=10 * tick)) for tick in range(count)]
