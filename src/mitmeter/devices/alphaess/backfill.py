"""Asking a battery for the one-minute rows we missed, one gap at a time, the oldest first.

The server says Resume with the newest moment it holds and a count; the battery sends the rows after
that moment, oldest first, up to three per frame. Source: fact sheet §4.4, §5.3 [O].
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mitmeter.devices.alphaess.control import Rows
from mitmeter.devices.alphaess.errand import Act
from mitmeter.devices.alphaess.messages import Acknowledgement, History, ServerCommand
from mitmeter.devices.alphaess.registers import encode_cmd_index, format_time, parse_time
from mitmeter.model import DeviceId, Event, Severity, printable
from mitmeter.protocol import Answer, Command, Gaps, Report, Send, SetTimer

CHECK_TIMER = "backfill.check"
ROWS_TIMER = "backfill.rows"

CHECK_SECONDS = 1800.0
AGAIN_SECONDS = 5.0  # what was just answered reaches the store a moment later
SILENT_SECONDS = 60.0
# Rows are 60.5 s apart on average [O]: between moments further apart than this a row is missing.
LONGEST = timedelta(seconds=70)
REACH = timedelta(hours=24)
MOST_TRIES = 2

_ROW = timedelta(minutes=1)
_SHOWN_MISSING = 3


@dataclass(slots=True)
class _Batch:
    """One Resume under way: the span it is to fill, and what has come of it."""

    since: datetime
    until: datetime
    asked: int
    index: str
    command: Command | None
    reached: datetime  # up to here there is no telling of missing rows any more
    arrived: int = 0
    missing: list[tuple[datetime, datetime]] = field(default_factory=list)

    def take(self, at: datetime) -> bool:
        """Count a row of the gap; tell whether it belongs to this batch.

        One just behind the gap belongs too: it tells that the battery has got through.
        """
        if not self.since < at < self.until + _ROW:
            return False
        self.arrived += at <= self.until
        self._reach(min(at, self.until))
        return True

    def full(self) -> bool:
        return self.arrived >= self.asked or self.until - self.reached <= _ROW

    def end(self) -> None:
        self._reach(self.until)

    def _reach(self, at: datetime) -> None:
        if at - self.reached > LONGEST:
            self.missing.append((self.reached, at))
        self.reached = max(self.reached, at)


class Backfill:
    """Decides what to ask of one battery in one conversation."""

    __slots__ = ("_batch", "_device", "_fruitless", "_gaps", "_tried")

    def __init__(self, device: DeviceId, gaps: Gaps) -> None:
        self._device = device
        self._gaps = gaps
        self._batch: _Batch | None = None
        # By a gap's start, which moves on as soon as rows fill it: whoever sends rows that fill
        # nothing is not asked for ever. And by its end, for a gap whose beginning the battery no
        # longer remembers or whose start is the moving edge of what we look at.
        self._tried: dict[datetime, int] = {}
        self._fruitless: dict[datetime, int] = {}

    @property
    def busy(self) -> bool:
        return self._batch is not None

    def check(self, device_now: datetime, now: datetime) -> list[Act]:
        """Ask for the oldest gap worth asking for. device_now: what the battery's clock shows."""
        if self._batch is not None:
            return []
        edge = device_now - REACH
        spans = self._gaps(self._device, edge, device_now, LONGEST)
        self._forget(edge, spans)
        for start, until in spans:
            since = max(start, edge)
            if until - since > LONGEST and self._worth_asking(start, until):
                self._tried[start] = self._tried.get(start, 0) + 1
                return self._ask(since, until, missing_rows(since, until), None, now)
        return [SetTimer(CHECK_TIMER, CHECK_SECONDS)]

    def wished(self, command: Command, rows: Rows, now: datetime) -> list[Act]:
        """Ask for the rows an operator wishes for."""
        return self._ask(rows.after, rows.after + (rows.count + 1) * _ROW, rows.count, command, now)

    def owns(self, message: Acknowledgement) -> bool:
        return (
            self._batch is not None
            and message.get("Command") == "Resume"
            and message.get("CmdIndex") == self._batch.index
        )

    def acknowledged(self, message: Acknowledgement, now: datetime) -> list[Act]:
        status = message.get("Status")
        if self._batch is None or status in (None, "Success"):
            return []
        return self._finish(self._batch, f"the battery answered {printable(status or '')}", now)

    def rows(self, message: History, now: datetime) -> list[Act]:
        batch = self._batch
        if batch is None:
            return []
        if not sum(batch.take(at) for at in row_times(message)):
            return []
        if batch.full():
            return self._finish(batch, "", now)
        return [SetTimer(ROWS_TIMER, SILENT_SECONDS)]

    def silent(self, now: datetime) -> list[Act]:
        """No row has come for a while."""
        if self._batch is None:
            return []
        return self._finish(self._batch, f"no row came for {SILENT_SECONDS:g} s", now)

    def _worth_asking(self, start: datetime, until: datetime) -> bool:
        return self._tried.get(start, 0) < MOST_TRIES and self._fruitless.get(until, 0) < MOST_TRIES

    def _forget(self, edge: datetime, spans: tuple[tuple[datetime, datetime], ...]) -> None:
        """Drop what was noted of gaps that will not come up again."""
        starts = {start for start, _ in spans}
        self._tried = {at: n for at, n in self._tried.items() if at >= edge or at in starts}
        self._fruitless = {at: n for at, n in self._fruitless.items() if at >= edge}

    def _ask(
        self, since: datetime, until: datetime, count: int, command: Command | None, now: datetime
    ) -> list[Act]:
        index = encode_cmd_index(now)
        self._batch = _Batch(since, until, count, index, command, reached=since)
        members = (
            ("CmdIndex", index),
            ("Command", "Resume"),
            ("Parameter1", format_time(since)),
            ("Parameter2", str(count)),
        )
        return [Send(ServerCommand(members)), SetTimer(ROWS_TIMER, SILENT_SECONDS)]

    def _finish(self, batch: _Batch, why: str, now: datetime) -> list[Act]:
        self._batch = None
        if not batch.arrived and batch.command is None:
            self._fruitless[batch.until] = self._fruitless.get(batch.until, 0) + 1
        batch.end()
        words = _words(batch, why)
        actions: list[Act] = [Report(self._event(batch, words, now))]
        if batch.command is not None:
            actions.append(Answer(batch.command.id, batch.arrived > 0, words))
        return [*actions, SetTimer(CHECK_TIMER, AGAIN_SECONDS)]

    def _event(self, batch: _Batch, words: str, now: datetime) -> Event:
        return Event(
            "mitmeter.alphaess.backfill",
            now,
            words,
            Severity.NOTICE if batch.missing else Severity.INFO,
            self._device,
            {
                "since": batch.since.isoformat(),
                "until": batch.until.isoformat(),
                "asked": batch.asked,
                "arrived": batch.arrived,
                "closed": not batch.missing,
            },
        )


def missing_rows(since: datetime, until: datetime) -> int:
    """Return how many one-minute rows lie between two moments, at least one.

    round(minutes) − 1, as in all captured requests. Source: fact sheet §4.4 [I].
    """
    return max(1, int(((until - since).total_seconds() - 30) // 60))


def row_times(message: History) -> Iterator[datetime]:
    """Yield the battery's own time of every row that tells one."""
    columns = message.columns
    if "Date" not in columns or "Time" not in columns:
        return
    date, time = columns.index("Date"), columns.index("Time")
    for row in message.rows:
        if len(row) > max(date, time):
            at = parse_time(f"{row[date]} {row[time]}")
            if at is not None:
                yield at


def _words(batch: _Batch, why: str) -> str:
    text = (
        f"back-fill from {batch.since} to {batch.until}, device time:"
        f" {batch.asked} rows asked, {batch.arrived} arrived"
    )
    if why:
        text += f", {why}"
    if not batch.missing:
        return f"{text}; the gap is closed"
    spans = [f"{since} to {until}" for since, until in batch.missing]
    more = f" and {len(spans) - _SHOWN_MISSING} more" if len(spans) > _SHOWN_MISSING else ""
    return f"{text}; still missing {', '.join(spans[:_SHOWN_MISSING])}{more}"
