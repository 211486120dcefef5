"""A conversation as a file to take away: for Wireshark, as JSON Lines, or with stand-ins."""

from __future__ import annotations

import json
import secrets
import tempfile
import zipfile
from collections.abc import Iterable
from datetime import UTC
from pathlib import Path
from typing import BinaryIO, cast

from mitmeter import __version__
from mitmeter.daemon.redaction import Redactor
from mitmeter.dashboard.backend import Copy
from mitmeter.journal.cut import cut
from mitmeter.journal.pcapng import write_pcapng
from mitmeter.journal.records import Entry, Record
from mitmeter.model import Chunk

# Beyond this a copy waits on disk, not in memory.
_IN_MEMORY = 1 << 20
_READ_ME = """One conversation recorded by mitmeter, with stand-ins for what is private.

To look into it: unzip it into a folder of its own, then

    mitmeter --data FOLDER journal show
    mitmeter --data FOLDER readings
"""


def copied(records: Iterable[Record], form: str, name: str, folder: Path) -> Copy:
    """Return the records as `pcapng`, `jsonl` or `redacted` (a zip with a journal).

    folder: where a large copy waits; it has no name there. Raises MitmeterError.
    """
    file = cast("BinaryIO", _spooled(folder))
    try:
        if form == "pcapng":
            write_pcapng(file, records, application=f"mitmeter {__version__}")
            copy = Copy(file, f"{name}.pcapng", "application/octet-stream")
        elif form == "jsonl":
            for record in records:
                if isinstance(record, Chunk):
                    file.write(_line(record))
            copy = Copy(file, f"{name}.jsonl", "application/x-ndjson")
        else:
            _bundle(file, records, folder)
            copy = Copy(file, f"{name}-redacted.zip", "application/zip")
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return copy


def _spooled(folder: Path) -> object:
    # Closed by who gets the copy.
    return tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(folder))


def _bundle(file: BinaryIO, records: Iterable[Record], folder: Path) -> None:
    shown = Redactor(secrets.token_bytes(32)).records(records)
    with tempfile.TemporaryDirectory(prefix="copy-", dir=folder) as place:
        journal = Path(place) / "journal"
        cut((each for each in shown if isinstance(each, Entry)), journal, lambda entry: True)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
            bundle.writestr("README.txt", _READ_ME)
            for path in sorted(journal.glob("*.jsonl*")):
                bundle.write(path, f"journal/{path.name}")


def _line(chunk: Chunk) -> bytes:
    """Return a chunk in the shape of `mitmeter journal show --json`."""
    shown = {
        "chunk": chunk.id,
        "station": chunk.conversation.station,
        "peer": chunk.conversation.peer,
        "sender": str(chunk.sender),
        "ours": chunk.ours,
        "received": chunk.received.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z",
        "hex": chunk.data.hex(),
    }
    return json.dumps(shown).encode() + b"\n"
