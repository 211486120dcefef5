"""Telling of what happens again and again: at once the first time, then now and then, with a
count.

A device asks the same question every few seconds for years; the journal is to hold that it did, not
every time it did. And a host that asks for a thousand different names fills nothing either.
"""

from __future__ import annotations

from dataclasses import dataclass

What = tuple[str, ...]
# Stands for all the things a host did beyond those that are told apart.
OTHERS: What = ()


@dataclass(frozen=True, slots=True)
class Tell:
    """`who` did `what`, `count` times since it was last told. what: OTHERS for everything else."""

    who: str
    what: What
    count: int


@dataclass(slots=True)
class _Entry:
    told_ns: int
    count: int = 0


class Tally:
    """Counts what hosts do, and says when to tell of it.

    every_seconds: how long one thing of one host is not told again.
    kinds:         how many different things of one host are told apart within that time.
    hosts:         how many hosts are; all the rest are "" together.
    """

    def __init__(self, every_seconds: float = 600.0, kinds: int = 64, hosts: int = 1024) -> None:
        self._every_ns = round(every_seconds * 1e9)
        self._kinds = kinds
        self._hosts = hosts
        self._entries: dict[str, dict[What, _Entry]] = {}

    def note(self, who: str, what: What, now_ns: int) -> Tell | None:
        """Count one happening; return what to tell of now, if anything."""
        if who not in self._entries and len(self._entries) >= self._hosts:
            who, what = "", OTHERS
        entries = self._entries.setdefault(who, {})
        if what not in entries and len(entries) >= self._kinds:
            what = OTHERS
        entry = entries.get(what)
        if entry is None:
            entries[what] = _Entry(now_ns)
            return Tell(who, what, 1)
        entry.count += 1
        if now_ns - entry.told_ns < self._every_ns:
            return None
        return self._tell(who, what, entry, now_ns)

    def due(self, now_ns: int) -> list[Tell]:
        """Return what was counted and not told for long enough, and forget what has ceased."""
        found = []
        for who, entries in list(self._entries.items()):
            for what, entry in list(entries.items()):
                if now_ns - entry.told_ns < self._every_ns:
                    continue
                if entry.count:
                    found.append(self._tell(who, what, entry, now_ns))
                else:
                    del entries[what]
            if not entries:
                del self._entries[who]
        return found

    def rest(self, now_ns: int) -> list[Tell]:
        """Return everything counted and not told yet: at the end."""
        return [
            self._tell(who, what, entry, now_ns)
            for who, entries in self._entries.items()
            for what, entry in entries.items()
            if entry.count
        ]

    @staticmethod
    def _tell(who: str, what: What, entry: _Entry, now_ns: int) -> Tell:
        count, entry.count, entry.told_ns = entry.count, 0, now_ns
        return Tell(who, what, count)
