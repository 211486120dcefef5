"""How far a scan has come: written down, so that one that was interrupted goes on."""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mitmeter.protocol import Progress

_SAVE_SECONDS = 2.0


@dataclass(slots=True)
class _Written:
    """What is on the disk of a scan."""

    mark: str = ""
    done: int = 0
    total: int = 0
    conversations: list[str] = field(default_factory=list)


class ScanBook:
    """One scan's place in `<data>/scans`, by everything that makes it this scan and no other."""

    def __init__(self, data: Path, what: tuple[str, ...]) -> None:
        name = hashlib.sha256("\0".join(what).encode()).hexdigest()[:16]
        self._path = data / "scans" / f"{name}.json"
        self._written = self._read()
        self._next = 0.0

    @property
    def mark(self) -> str:
        """Where to go on, "" for the beginning."""
        return self._written.mark

    @property
    def progress(self) -> Progress:
        return Progress(self._written.done, self._written.total, self._written.mark)

    @property
    def finished(self) -> bool:
        return 0 < self._written.total <= self._written.done

    @property
    def conversations(self) -> tuple[str, ...]:
        """Those in which it was done so far."""
        return tuple(self._written.conversations)

    def begun(self, conversation: str) -> None:
        self._written.conversations.append(conversation)

    def reached(self, progress: Progress) -> None:
        at = self._written
        at.mark, at.done, at.total = progress.mark, progress.done, progress.total
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _SAVE_SECONDS
            self.save()

    def save(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = self._path.with_suffix(".new")
        made.write_text(json.dumps(asdict(self._written)), "utf-8")
        os.replace(made, self._path)

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
        self._written = _Written()

    def _read(self) -> _Written:
        try:
            found = json.loads(self._path.read_text("utf-8"))
            return _Written(
                str(found["mark"]),
                int(found["done"]),
                int(found["total"]),
                [str(name) for name in found["conversations"]],
            )
        except (OSError, ValueError, TypeError, KeyError):
            return _Written()
