"""A load generator of who reads meters: `python -m bench.meter_load PORT CONNECTIONS SECONDS HEX`.

Every connection sends the request given in hexadecimal, waits for the answer's end, and sends it
again. Prints requests answered, seconds taken, and the median and the 99th percentile of the times
from a request to its answer.
"""

from __future__ import annotations

import resource
import select
import socket
import sys
import time

# Where a frame ends; inside one this byte is escaped (KMP's physical layer [O]).
_END = 0x0D


class Readers:
    """The connections, and for each when its unanswered request went out."""

    def __init__(self, port: int, count: int, request: bytes) -> None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.took: list[float] = []
        self._request = request
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._since: dict[int, float] = {}
        for _ in range(count):
            each = socket.create_connection(("127.0.0.1", port))
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets[each.fileno()] = each
            self._poll.register(each.fileno(), select.EPOLLIN)

    def run(self, seconds: float) -> float:
        """Read for so long; return how long it was."""
        began = time.perf_counter()
        for handle in self._sockets:
            self._ask(handle)
        while time.perf_counter() < began + seconds:
            for handle, _ in self._poll.poll(0.5):
                data = self._sockets[handle].recv(65_536)
                if not data:
                    raise SystemExit("the meter closed a connection")
                if data[-1] == _END:
                    self.took.append(time.perf_counter() - self._since[handle])
                    self._ask(handle)
        return time.perf_counter() - began

    def _ask(self, handle: int) -> None:
        self._since[handle] = time.perf_counter()
        self._sockets[handle].send(self._request)


def main(port: str, count: str, seconds: str, request: str) -> None:
    readers = Readers(int(port), int(count), bytes.fromhex(request))
    lasted = readers.run(float(seconds))
    took = sorted(readers.took)
    if not took:
        raise SystemExit("nothing was answered")
    print(len(took), lasted, took[len(took) // 2], took[len(took) * 99 // 100])


if __name__ == "__main__":
    main(*sys.argv[1:])
