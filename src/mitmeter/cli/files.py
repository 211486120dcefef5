"""Files a command makes for its user."""

from __future__ import annotations

from pathlib import Path

from mitmeter.errors import MitmeterError


def write_new(file: Path, text: str) -> None:
    """Write a file that is not there yet. Raises MitmeterError where it is, or cannot be."""
    try:
        with file.open("x", encoding="utf-8") as made:
            made.write(text)
    except FileExistsError:
        raise MitmeterError(f"{file} is there already; move it away, or name another") from None
    except OSError as exc:
        raise MitmeterError(f"{file}: {exc.strerror or exc}") from exc
