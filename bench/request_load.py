"""A load generator of HTTP clients: `python -m bench.request_load SCHEME PORT CLIENTS SECONDS PATH`
SCHEME is http or https. Each client keeps one connection, asks for PATH with a number of its own
behind it, so that no two questions are the same, waits for the answer and asks again. Prints
answers, seconds taken, and the median and 99th percentile of the times from a question to its
answer.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import time

from bench.display_load import unverified


class Clients:
    """How long every answer took."""

    def __init__(self, scheme: str, port: int, path: str) -> None:
        self.took: list[float] = []
        self.end = 0.0
        self._port = port
        self._path = path
        self._tls: ssl.SSLContext | None = unverified() if scheme == "https" else None

    async def client(self, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=self._tls)
        asked = 0
        while (began := time.perf_counter()) < self.end:
            target = f"{self._path}{number}-{asked}"
            writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r")[0]))
            if not head.startswith(b"http/1.1 200"):
                raise SystemExit(f"answered with {head[:60]!r}")
            self.took.append(time.perf_counter() - began)
            asked += 1
        writer.close()

    async def run(self, count: int, seconds: float) -> float:
        began = time.perf_counter()
        self.end = began + seconds
        await asyncio.gather(*(self.client(number) for number in range(count)))
        return time.perf_counter() - began


def main(scheme: str, port: str, count: str, seconds: str, path: str) -> None:
    clients = Clients(scheme, int(port), path)
    work = clients.run(int(count), float(seconds))
    try:
        import uvloop
    except ImportError:
        lasted = asyncio.run(work)
    else:
        lasted = uvloop.run(work)
    took = sorted(clients.took)
    if not took:
        raise SystemExit("nothing was answered")
    print(len(took), lasted, took[len(took) // 2], took[len(took) * 99 // 100])


if __name__ == "__main__":
    main(*sys.argv[1:])
