"""A load generator of displays: `python -m bench.display_load PORT CONNECTIONS SECONDS keep|new`.

Each connection posts a report, waits for the answer, and posts the next; with `new` it makes a new
TLS connection for each. Prints requests answered and seconds taken.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import time

_BODY = (
    b'{"elecMtr":{"0702":{"03":{"01":"00000001","04":"00","02":"000003E8","03":"2B","00":"00",'
    b'"06":"00"},"00":{"07":"00000000","01":"000000000000","00":"000000BC614E","14":"02"},'
    b'"04":{"01":"0010E1","40":"01E240","30":"0010E1","00":"000005DC"},"02":{"00":"00"}}},'
    b'"hversion":"GLOW-IHD-01-1v4-SMETS2","time":"%08X","zbSoftVer":"1.2.5","pan":{"rssi":"BF",'
    b'"status":"joined","nPAN":"00","join":"0","lqi":"8C"},"smetsVer":"SMETS2"}'
)


def request(display: int, tick: int) -> bytes:
    """Return one POST: a display's report, ten seconds after its one before."""
    at = 0x65A51E40 + 10 * tick
    body = _BODY % at
    head = (
        f"POST /zb02 HTTP/1.1\r\nHost: {display:02x}.20.30.02005e.cad.sensornet.info\r\n"
        f"X-ID: 02005EFFFE30{display:04X}\r\nX-TS: {at:08X}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def unverified() -> ssl.SSLContext:
    """Return what a display brings to TLS: version 1.2, and trust in everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


class Load:
    """The displays' counts and end."""

    def __init__(self, port: int, keep: bool) -> None:
        self.answered = 0
        self.end = 0.0
        self._port = port
        self._keep = keep
        self._context = unverified()

    async def display(self, number: int) -> None:
        tick = 0
        while time.perf_counter() < self.end:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self._port, ssl=self._context
            )
            while time.perf_counter() < self.end:
                writer.write(request(number, tick))
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length:")[2].partition(b"\r")[0]
                await reader.readexactly(int(length))
                self.answered += 1
                tick += 1
                if not self._keep:
                    break
            writer.close()

    async def run(self, connections: int, seconds: float) -> float:
        began = time.perf_counter()
        self.end = began + seconds
        await asyncio.gather(*(self.display(number) for number in range(connections)))
        return time.perf_counter() - began


def main() -> None:
    port, connections, seconds, kind = sys.argv[1:]
    load = Load(int(port), kind == "keep")
    work = load.run(int(connections), float(seconds))
    try:
        import uvloop
    except ImportError:
        took = asyncio.run(work)
    else:
        took = uvloop.run(work)
    print(load.answered, took)


if __name__ == "__main__":
    main()
