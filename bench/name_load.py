"""A load generator of DNS questions: `python -m bench.name_load PORT NAMES SECONDS`.

Keeps some questions under way and asks the next when one is answered. Prints questions answered and
seconds taken.
"""

from __future__ import annotations

import socket
import struct
import sys
import time

_UNDER_WAY = 64


def question(number: int, name: int) -> bytes:
    """Return a question for the A record of one display's name (RFC 1035 §4.1)."""
    head = struct.pack(">6H", number & 0xFFFF, 0x0100, 1, 0, 0, 0)
    labels = (b"%02x" % (name & 0xFF), b"%02x" % (name >> 8 & 0xFF), b"cad", b"sensornet", b"info")
    named = b"".join(bytes((len(label),)) + label for label in labels)
    return head + named + b"\0" + struct.pack(">2H", 1, 1)


def ask(port: int, names: int, seconds: float, patience: float = 5.0) -> int:
    """Return how many questions were answered; at least one. Raises OSError without an answer."""
    answered = asked = 0
    end = time.perf_counter() + seconds
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(patience)
        wire.connect(("127.0.0.1", port))
        for _ in range(_UNDER_WAY if seconds else 1):
            wire.send(question(asked, asked % names))
            asked += 1
        while answered < asked:
            wire.recv(512)
            answered += 1
            if time.perf_counter() < end:
                wire.send(question(asked, asked % names))
                asked += 1
    return answered


def main() -> None:
    port, names, seconds = sys.argv[1:]
    began = time.perf_counter()
    answered = ask(int(port), int(names), float(seconds))
    print(answered, time.perf_counter() - began)


if __name__ == "__main__":
    main()
