"""What an emulated unit remembers over restarts: small texts in one file, written off the loop."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

from mitmeter.journal.segments import sync_folder

# A unit that is told many things in a row is written down once.
SETTLE_SECONDS = 1.0

Trouble = Callable[[str, str], None]


class UnitMemory:
    """One unit's texts by name. The file is replaced whole, so a crash leaves the old or the new.

    trouble: hears (event id, sentence) of a file that cannot be read or written.
    """

    def __init__(self, path: Path, trouble: Trouble) -> None:
        self._path = path
        self._trouble = trouble
        self._held = self._read()
        self._unsaved = False
        self._failing = False
        self._later: asyncio.TimerHandle | None = None
        self._saving: asyncio.Task[None] | None = None

    def get(self, name: str) -> str | None:
        return self._held.get(name)

    def set(self, name: str, value: str) -> None:
        if self._held.get(name) == value:
            return
        self._held[name] = value
        self._unsaved = True
        if self._later is None and self._saving is None:
            self._later = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._begin)

    async def flush(self) -> None:
        """Write what is not on the disk yet, and wait until it is."""
        if self._saving is not None:
            await self._saving
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._unsaved:
            await self._save()

    def _begin(self) -> None:
        self._later = None
        self._saving = asyncio.get_running_loop().create_task(self._save())
        self._saving.add_done_callback(self._saved)

    def _saved(self, _: object) -> None:
        self._saving = None
        if self._unsaved and not self._failing and self._later is None:
            self._later = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._begin)

    async def _save(self) -> None:
        self._unsaved = False
        text = json.dumps(self._held, indent=1, sort_keys=True)
        try:
            await asyncio.to_thread(_replace, self._path, text)
        except OSError as exc:
            self._unsaved = True
            if not self._failing:
                why = exc.strerror or str(exc)
                self._trouble("mitmeter.unit.unsaved", f"{self._path} cannot be written: {why}")
            self._failing = True
        else:
            self._failing = False

    def _read(self) -> dict[str, str]:
        """Return what was kept; a file that makes no sense is set aside, so that nothing is lost of
        it.
        """
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as exc:
            return self._set_aside(str(exc))
        if isinstance(found, dict) and all(isinstance(text, str) for text in found.values()):
            return found
        return self._set_aside("not a table of texts")

    def _set_aside(self, why: str) -> dict[str, str]:
        aside = self._path.with_suffix(".damaged")
        number = 1
        while aside.exists():
            number += 1
            aside = self._path.with_suffix(f".damaged-{number}")
        try:
            self._path.rename(aside)
        except OSError as exc:
            done = f"it cannot be set aside ({exc.strerror or exc})"
        else:
            done = f"it is now {aside.name}"
        self._trouble(
            "mitmeter.unit.forgotten",
            f"{self._path} makes no sense ({why}); {done}, and the unit starts afresh",
        )
        return {}


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    made = path.with_suffix(".new")
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(made, path)
    sync_folder(path.parent)
