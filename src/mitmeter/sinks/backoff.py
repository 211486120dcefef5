"""How long to wait before a destination is tried again."""

from __future__ import annotations

import random

# What a destination may ask for at most: a mistaken Retry-After must not silence a sink for days.
LONGEST_ASKED = 3600.0


class Backoff:
    """Doubles from `first` to `most` seconds, the upper half of each left to chance.

    Chance keeps many senders from coming back at the same moment; `chance` gives 0 ≤ x < 1.
    """

    def __init__(
        self, first: float = 1.0, most: float = 300.0, chance: random.Random | None = None
    ) -> None:
        self._first = first
        self._most = most
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, guards nothing
        self.failures = 0

    def succeeded(self) -> None:
        self.failures = 0

    def failed(self, asked: float | None = None) -> float:
        """Return how many seconds to wait now; never less than the destination `asked` for."""
        # Far enough for any `most`, and no overflow after a year of failures.
        reach = min(self._first * 2.0 ** min(self.failures, 40), self._most)
        self.failures += 1
        wait = reach / 2 + reach / 2 * self._chance.random()
        return wait if asked is None else max(wait, min(asked, LONGEST_ASKED))
