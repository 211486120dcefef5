"""What a file of readings is made of: lines."""

from __future__ import annotations

from mitmeter.model import lean

MOST_LINE = 65_536
"""Bytes of the longest line, its end included."""


@lean
class Line:
    """One line of text. ending: "\\n", "\\r\\n", or "" for a last line that was not ended."""

    text: str
    ending: str = "\n"


Message = Line
