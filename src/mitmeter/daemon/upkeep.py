"""Housekeeping while a daemon runs: seal what has been rolled, prune what is old, and sum up what
came into the store at once.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from mitmeter.daemon.plan import Retention
from mitmeter.daemon.services import Services
from mitmeter.errors import MitmeterError
from mitmeter.journal.position import START, Position
from mitmeter.journal.prune import prune
from mitmeter.journal.seal import seal_rolled
from mitmeter.store import Store

log = logging.getLogger("mitmeter")

EVERY_SECONDS = 600.0
# A slice of summing up takes some milliseconds, and then others have their turn for longer.
_QUARTERS = 250
_PAUSE_SECONDS = 0.05
_LOOK_SECONDS = 60.0


class Upkeep:
    """Looks after one journal folder, in a thread, every ten minutes."""

    def __init__(
        self, folder: Path, retention: Retention, services: Services, store: Store
    ) -> None:
        self._folder = folder
        self._retention = retention
        self._services = services
        self._store = store

    async def run(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(EVERY_SECONDS)

    async def sum_up(self) -> None:
        """Bring the roll-ups up to date that no batch gets to: of imports, and of older stores.

        Until then views read the readings themselves, which takes longer and says the same.
        """
        before = 0
        while True:
            try:
                left = self._store.settle(_QUARTERS)
            except MitmeterError as exc:
                log.warning("roll-ups: %s", exc)
                left = 0
            # Those of the running quarter come back with every reading.
            more = left > 0 and (left < before or before == 0)
            before = left if more else 0
            await asyncio.sleep(_PAUSE_SECONDS if more else _LOOK_SECONDS)

    async def once(self) -> None:
        """Seal and prune now. A failure is told and tried again next time."""
        position = Position.parse(self._store.position) if self._store.position else START
        now_ns = self._services.clock.now_ns()
        try:
            await asyncio.to_thread(self._work, position, now_ns)
        except MitmeterError as exc:
            log.warning("journal upkeep: %s", exc)

    def _work(self, ingested: Position, now_ns: int) -> None:
        seal_rolled(self._folder)
        removed = prune(
            self._folder,
            now_ns=now_ns,
            keep_seconds=self._retention.seconds,
            keep_bytes=self._retention.max_bytes,
            consumed=ingested,
        )
        for each in removed:
            log.info("journal segment %s removed: %s", each.segment.path.name, each.reason)
