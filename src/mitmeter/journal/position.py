"""Where something lies in the journal."""

from __future__ import annotations

import re
from typing import NamedTuple

from mitmeter.errors import JournalError

_FORM = re.compile(r"([0-9]{1,12}):([0-9]{1,18})\Z")


class Position(NamedTuple):
    """A place between two records: segment number and byte offset in the uncompressed segment.

    Orders by segment, then offset; a later record has a greater position, also after a crash.
    A tuple rather than a dataclass because one is made for every record read.
    """

    segment: int
    offset: int

    def __str__(self) -> str:
        return f"{self.segment}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """Return the position written as `7:1234`. Raises JournalError for anything else."""
        found = _FORM.match(text)
        if found is None:
            raise JournalError(f"journal position {text!r} is not <segment>:<offset>")
        return cls(int(found[1]), int(found[2]))


START = Position(0, 0)
