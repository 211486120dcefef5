"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# How long one example takes says more about this machine's other work than about our code.
settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")

# A browser driven from here keeps an event loop going in its process, in which nobody else can run
# one: these are run by themselves, as `make test` does.
ALONE = "dashboard_browser"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the browser's tests out unless they are asked for by their folder."""
    if collection_path.name != ALONE or any(ALONE in each for each in config.args):
        return None
    return True
