"""Randomness that is a pure function of a key: no generator, no order of calls."""

from __future__ import annotations

from hashlib import blake2b, shake_128

_KEPT_NODES = 512


def octets(count: int, *key: int | str) -> bytes:
    """Return `count` bytes that depend on the key alone."""
    return shake_128("/".join(map(str, key)).encode()).digest(count)


def fraction(*key: int | str) -> float:
    """Return a number in 0 ≤ x < 1 that depends on the key alone."""
    digest = blake2b("/".join(map(str, key)).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / (1 << 48)


class Smooth:
    """A wandering value in −1..1: a hashed node every `period_s` seconds of absolute time.

    Eased between nodes and continuous everywhere: midnight and New Year are ordinary instants.
    """

    def __init__(self, seed: int, name: str, period_s: int) -> None:
        self._key = f"{seed}/{name}/"
        self._period = period_s
        self._nodes: dict[int, float] = {}

    def at(self, seconds: float) -> float:
        index, offset = divmod(seconds, self._period)
        left, right = self._node(int(index)), self._node(int(index) + 1)
        x = offset / self._period
        return left + (right - left) * x * x * (3.0 - 2.0 * x)

    def _node(self, index: int) -> float:
        found = self._nodes.get(index)
        if found is None:
            if len(self._nodes) >= _KEPT_NODES:
                self._nodes.clear()
            found = self._nodes[index] = 2.0 * fraction(self._key, index) - 1.0
        return found
