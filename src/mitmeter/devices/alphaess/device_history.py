"""The one-minute rows a battery remembers, and the batch it is sending of them.

Source: fact sheet §4.4, §4.5, §5.3 [O].
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from mitmeter.devices.alphaess.configuration import number
from mitmeter.devices.alphaess.messages import History, ServerCommand
from mitmeter.devices.alphaess.registers import HISTORY_FIELDS, parse_time

RING_ROWS = 1_440
ROWS_PER_FRAME = 3
# Rows are a minute apart and drift by about one second every two rows: 60.5 s on average.
_ROW_SPACING = timedelta(milliseconds=60_500)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Backlog:
    """Which rows are still to be sent; each is computed when it is sent.

    local: what the battery's clock showed at an instant. row: the columns of the row of an instant.
    """

    def __init__(
        self,
        local: Callable[[datetime], datetime],
        row: Callable[[datetime], tuple[str, ...]],
    ) -> None:
        self._local = local
        self._row = row
        self._waiting: list[datetime] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def clear(self) -> None:
        self._waiting = []

    def ask(self, command: ServerCommand, now: datetime) -> None:
        """Line up the rows a Resume asks for, in place of what was still waiting.

        They are the ring's rows strictly after Parameter1, oldest first, at most Parameter2 of
        them; in the captured case 20 came for 21 asked, since no more were there [I]. A Parameter1
        that is no time lines up nothing, a Parameter2 that is no number sets no limit [A].
        """
        self._waiting = []
        after = parse_time(command.get("Parameter1") or "")
        if after is None:
            return
        most = number(command.get("Parameter2") or "")
        newest = (now - _EPOCH) // _ROW_SPACING
        rows = [_EPOCH + _ROW_SPACING * i for i in range(newest - RING_ROWS + 1, newest + 1)]
        # A row's time is written in whole seconds, so that is what is compared.
        found = [at for at in rows if self._local(at).replace(microsecond=0) > after]
        if most is not None:
            found = found[: int(max(Decimal(0), min(most, Decimal(RING_ROWS))))]
        self._waiting = found

    def frame(self) -> History:
        """Return the next frame: up to three rows, and forget them."""
        sent, self._waiting = self._waiting[:ROWS_PER_FRAME], self._waiting[ROWS_PER_FRAME:]
        return History(HISTORY_FIELDS, tuple(self._row(at) for at in sent))
