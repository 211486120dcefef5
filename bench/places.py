"""Folders that vanish again."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A new folder, removed with all it holds."""
    made = Path(tempfile.mkdtemp(prefix="mitmeter-bench-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
