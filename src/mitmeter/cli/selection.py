"""Which part of the journal is meant: conversations by name, spans of time, redacted or not."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from mitmeter.cli.moments import Span, parse_span
from mitmeter.cli.output import counted
from mitmeter.cli.settings import Settings
from mitmeter.errors import JournalError, MitmeterError
from mitmeter.journal.position import START, Position
from mitmeter.journal.reader import JournalReader
from mitmeter.journal.records import MAX_LINE, Closed, Damaged, Entry, Noted, Opened, Record
from mitmeter.journal.segments import segments
from mitmeter.journal.tail import JournalTail
from mitmeter.model import Chunk, instant, printable

WHO = click.argument("conversations", nargs=-1, metavar="[CONVERSATION]...")
REDACT = click.option(
    "--redact", is_flag=True, help="Stand-ins for serial numbers, credentials and addresses."
)
_SHOWN = 5
_POLL_SECONDS = 0.2


def open_journal(settings: Settings) -> JournalReader:
    """Return the data directory's journal. Raises JournalError where nothing was recorded."""
    folder = settings.data / "journal"
    if not folder.is_dir():
        raise JournalError(
            f"nothing has been recorded in {settings.data} yet (--data names another place)"
        )
    return JournalReader(folder)


class Selection:
    """The records a command is about.

    Raises: a usage error for what is no span of time; MitmeterError, before anything is read out,
            for a name no conversation begins with.
    """

    def __init__(
        self,
        settings: Settings,
        conversations: tuple[str, ...] = (),
        since: str | None = None,
        until: str | None = None,
        *,
        redact: bool = False,
    ) -> None:
        self.span: Span = parse_span(since, until, settings.zone(), datetime.now(UTC))
        self._reader = open_journal(settings)
        self._names = tuple(name.upper() for name in conversations)
        self._redact = redact
        self._damaged = 0
        ids = conversation_ids(self._reader) if self._names else []
        for name in self._names:
            if not any(each.upper().startswith(name) for each in ids):
                raise MitmeterError(unknown(name))

    def records(self) -> Iterator[Entry]:
        """Yield the records inside the span: what began in it, was said in it, ended in it."""
        return (entry for entry in self.whole() if self.inside(entry))

    def whole(self) -> Iterator[Entry]:
        """Yield all records of the conversations that are meant, whenever they were made.

        Messages may be spread over records on both sides of the span's ends, so who decodes or
        redacts starts from these.
        """
        found: Iterable[Record] = self._meant()
        if self._redact:
            from mitmeter.daemon.redaction import Redactor

            found = Redactor(secrets.token_bytes(32)).records(found)
        return (each for each in found if isinstance(each, Entry))

    def growing(self) -> Iterator[Entry | None]:
        """Yield the records that are meant as they are written, for ever; None while there is
        nothing new. What was written before is among them where a span or a name asks for it.
        """
        folder = self._reader.folder
        asked = bool(self._names) or self.span.since is not None
        tail = JournalTail(folder, START if asked else _end_of(folder))
        try:
            while True:
                found = tail.poll()
                yield from self._of_those(record for _, record in found)
                if not found:
                    yield None
                    time.sleep(_POLL_SECONDS)
        finally:
            tail.close()

    def _meant(self) -> Iterator[Entry]:
        return self._of_those(self._reader.records())

    def _of_those(self, records: Iterable[Record]) -> Iterator[Entry]:
        for record in records:
            if isinstance(record, Entry):
                if not self._names or conversation_of(record).upper().startswith(self._names):
                    yield record
            elif isinstance(record, Damaged) and not record.torn:
                self._damaged += 1

    def tell_of_damage(self) -> None:
        """Say on stderr what had to be left out of what was read, if anything."""
        if self._damaged:
            places = counted(self._damaged, "damaged place")
            print(f"mitmeter: {places} left out; see 'mitmeter journal verify'", file=sys.stderr)

    def inside(self, entry: Entry) -> bool:
        """Tell whether a record lies in the span of time."""
        return moment(entry) in self.span


def _end_of(folder: Path) -> Position:
    """Return the place behind the last whole line of the journal."""
    held = segments(folder)
    if not held:
        return START
    last = held[-1]
    if last.sealed:
        return Position(last.number + 1, 0)
    with last.path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        # A line being written is at most so long; one that has no end is read from its beginning.
        begin = max(0, size - MAX_LINE)
        file.seek(begin)
        end = file.read(size - begin).rfind(b"\n") + 1
    return Position(last.number, begin + end if end else 0)


def conversation_of(entry: Entry) -> str:
    """Return the id of the conversation a record belongs to, "" for none."""
    if isinstance(entry, Opened | Chunk):
        return entry.conversation.id
    return entry.conversation_id


def moment(entry: Entry) -> datetime:
    """Return when a record was made."""
    match entry:
        case Chunk():
            return entry.received
        case Opened():
            return instant(entry.conversation.opened_ns)
        case Closed():
            return instant(entry.ns)
        case Noted():
            return entry.event.at


def conversation_ids(reader: JournalReader) -> list[str]:
    """Return the ids of all conversations, oldest first."""
    return sorted({each.conversation.id for each in reader.conversations()})


def one_conversation(settings: Settings, name: str) -> str:
    """Return the one id that begins so. Raises MitmeterError for none and for several."""
    ids = conversation_ids(open_journal(settings))
    found = [each for each in ids if each.upper().startswith(name.upper())]
    if not found:
        raise MitmeterError(unknown(name))
    if len(found) > 1:
        shown = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
        raise MitmeterError(f"{len(found)} conversations begin with {printable(name)!r}: {shown}")
    return found[0]


def unknown(name: str) -> str:
    """Return the sentence for a name that no conversation begins with."""
    return f"no conversation begins with {printable(name)!r}; see 'mitmeter journal list'"


def chunk_object(chunk: Chunk) -> dict[str, Any]:
    """Return a chunk in the shape of `journal show --json` and `journal export --jsonl`."""
    return {
        "chunk": chunk.id,
        "station": chunk.conversation.station,
        "peer": chunk.conversation.peer,
        "sender": str(chunk.sender),
        "ours": chunk.ours,
        "received": chunk.received,
        "hex": chunk.data.hex(),
    }
