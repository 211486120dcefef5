"""What the tests of the whole share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.processes import Bench, bench


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Bench]:
    """Starts daemons; at the end none is left, and none has shown a traceback."""
    with bench(tmp_path / "processes") as made:
        yield made
