"""Tables for people: as wide as the terminal is, as wide as they need to be anywhere else."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from mitmeter.cli.output import print_line

# The column widths follow from so many rows; later ones may stick out.
_SAMPLE = 5_000
_GAP = "  "
_NARROWEST = 20


@dataclass(frozen=True, slots=True)
class Column:
    """One column. When the window is too narrow, columns with the greatest `drop` go first.

    right: numbers, aligned at the right.
    fold:  takes the room that is left and goes on in the next line. One column at most.
    drop:  0 is never left out.
    """

    name: str
    right: bool = False
    fold: bool = False
    drop: int = 0


def print_table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    empty: str,
    width: int | None = None,
) -> int:
    """Print rows under headings and return how many; `empty`, on stderr, when there are none.

    width: of the window; None asks the terminal, and is without end where stdout is none.
    """
    rows = iter(rows)
    sample = [tuple(row) for row in islice(rows, _SAMPLE)]
    if not sample:
        print(empty, file=sys.stderr)
        return 0
    layout = _Layout(columns, sample, window_width() if width is None else width)
    if layout.caption:
        print_line(styled(layout.caption, "2"))
    print_line(styled(layout.heading(), "1"))
    count = 0
    for row in chain(sample, rows):
        for line in layout.lines(row):
            print_line(line)
        count += 1
    return count


def window_width() -> int:
    """Return the terminal's columns, 0 where stdout is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def styled(text: str, style: str) -> str:
    """Return the text in an ANSI style (1 bold, 2 dim) where stdout is a terminal that has it."""
    plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return text if plain or not text else f"\x1b[{style}m{text}\x1b[0m"


class _Layout:
    """Which columns are shown, how wide, and what stands above the table instead."""

    def __init__(
        self, columns: Sequence[Column], sample: Sequence[Sequence[str]], window: int
    ) -> None:
        self._columns = columns
        self._widths = [
            max(len(column.name), *(len(row[at]) for row in sample))
            for at, column in enumerate(columns)
        ]
        self._shown = [at for at in range(len(columns)) if self._widths[at]]
        self.caption = ""
        if window:
            self._fit(sample, window)

    def _fit(self, sample: Sequence[Sequence[str]], window: int) -> None:
        """Say once above the table what is the same in every row; then leave out; then fold."""
        said: list[str] = []
        for at in sorted(self._shown, key=lambda at: -self._columns[at].drop):
            if self._least() <= window:
                break
            if not self._columns[at].drop:
                continue
            values = {row[at] for row in sample}
            if len(values) == 1 and (value := values.pop()):
                said.insert(0, f"{self._columns[at].name} {value}".strip())
            self._shown.remove(at)
        self.caption = ", ".join(said)
        for at in self._shown:
            if self._columns[at].fold:
                room = window - (self._needed() - self._widths[at])
                self._widths[at] = max(min(self._widths[at], room), _NARROWEST)

    def _needed(self) -> int:
        return sum(self._widths[at] for at in self._shown) + len(_GAP) * (len(self._shown) - 1)

    def _least(self) -> int:
        """Return the width with the folding column as narrow as it may become."""
        saved = sum(
            max(0, self._widths[at] - 2 * _NARROWEST)
            for at in self._shown
            if self._columns[at].fold
        )
        return self._needed() - saved

    def heading(self) -> str:
        return self._line([column.name for column in self._columns])

    def lines(self, row: Sequence[str]) -> Iterator[str]:
        at = next((at for at in self._shown if self._columns[at].fold), None)
        if at is None or len(row[at]) <= self._widths[at]:
            yield self._line(row)
            return
        pieces = textwrap.wrap(row[at], self._widths[at]) or [""]
        yield self._line([*row[:at], pieces[0], *row[at + 1 :]])
        for piece in pieces[1:]:
            yield self._line([piece if each == at else "" for each in range(len(row))])

    def _line(self, cells: Sequence[str]) -> str:
        parts = [
            cells[at].rjust(self._widths[at])
            if self._columns[at].right
            else cells[at].ljust(self._widths[at])
            for at in self._shown
        ]
        return _GAP.join(parts).rstrip()
