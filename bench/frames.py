"""The status frames a bench sends: one battery's serial and time each, checksums right."""

from __future__ import annotations

from fastcrc import crc16

_PAYLOAD = (
    '{{"Time":"{time}","SN":"{serial}","Ppv1":"1505","Ppv2":"1492","PrealL1":"640",'
    '"PrealL2":"0.0","PrealL3":"0.0","PmeterL1":"-118","PmeterL2":"0","PmeterL3":"0",'
    '"PmeterDC":"0","Pbat":"-2233.5000","Sva":"655","VarAC":"-92","VarDC":"-4","SOC":"72.4"}}'
)


def status(battery: int, tick: int) -> bytes:
    """Return the frame of battery number `battery`, its `tick`-th ten seconds of 2025-06-01 on."""
    day, rest = divmod(tick * 10, 86_400)
    month, day = divmod(day, 28)
    year, month = divmod(month, 12)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    time = f"{2025 + year}/{month + 1:02}/{day + 1:02} {hours:02}:{minutes:02}:{seconds:02}"
    payload = _PAYLOAD.format(time=time, serial=f"AL990000{battery:07}").encode()
    body = b"\x01\x01\x10" + len(payload).to_bytes(4, "big") + payload
    return body + crc16.modbus(body).to_bytes(2, "big")
