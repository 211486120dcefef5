"""How fast, in processor time: other work on the machine then counts for less."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

REPEATS = 5


def cpu_seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the processor seconds one call takes, the median of several."""
    return median(_once(work) for _ in range(repeats))


def _once(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
