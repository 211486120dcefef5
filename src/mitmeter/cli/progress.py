"""How far something has come, in one line on stderr that is gone when it is done."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

_EVERY_SECONDS = 0.1


class Progress:
    """Counts aloud, where stderr is a terminal and nobody asked for quiet; silent elsewhere.

    words: what is counted, such as `records decoded`. total: 0 where it is not known.
    """

    def __init__(self, words: str, total: int = 0, *, quiet: bool = False) -> None:
        self._words = words
        self._total = f" of {total:,}" if total else ""
        self._silent = quiet or not sys.stderr.isatty()
        self._count = 0
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._next:
            self._show("\r\x1b[K")

    def advance(self, count: int = 1) -> None:
        self._count += count
        now = time.monotonic()
        if not self._silent and now >= self._next:
            self._next = now + _EVERY_SECONDS
            self._show(f"\r\x1b[K{self._count:,}{self._total} {self._words}")

    @staticmethod
    def _show(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
