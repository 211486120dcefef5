"""A load generator: N batteries that each send a status, wait for the answer, and send the next.

Runs as a process of its own: `python -m bench.load PORT BATTERIES SECONDS`; prints frames answered
and seconds taken. Frames are made before the clock starts.
"""

from __future__ import annotations

import select
import socket
import sys
import time

from bench.frames import status

_ANSWER_BYTES = 29


def run(port: int, batteries: int, seconds: float) -> tuple[int, float]:
    """Return how many frames were answered, and in how many seconds."""
    frames = [[status(battery, tick) for tick in range(64)] for battery in range(batteries)]
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(batteries)]
    poll = select.epoll()
    by_handle = {}
    for index, each in enumerate(sockets):
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        each.setblocking(False)
        poll.register(each.fileno(), select.EPOLLIN)
        by_handle[each.fileno()] = (each.recv, each.send, frames[index])
    answered = 0
    missing = dict.fromkeys(by_handle, _ANSWER_BYTES)
    tick = dict.fromkeys(by_handle, 0)
    began = time.perf_counter()
    end = began + seconds
    for _, send, mine in by_handle.values():
        send(mine[0])
    while time.perf_counter() < end:
        for handle, _ in poll.poll(0.5):
            receive, send, mine = by_handle[handle]
            got = len(receive(4096))
            if not got:
                raise SystemExit("the trap closed a connection")
            left = missing[handle] - got
            if left:
                missing[handle] = left
                continue
            missing[handle] = _ANSWER_BYTES
            answered += 1
            tick[handle] = index = (tick[handle] + 1) % 64
            send(mine[index])
    took = time.perf_counter() - began
    for each in sockets:
        each.close()
    return answered, took


if __name__ == "__main__":
    count, seconds_taken = run(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
    print(count, seconds_taken)
