"""The one session each account has at a PPC gateway: its token, its handles, and its end.

Source: fact sheet §3.2, §3.3 [O].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mitmeter.devices.smgw.emulated.make import Site

_MOST_HANDLES = 500


@dataclass(slots=True)
class Session:
    """One login. serial: counts its tokens, made: its handles. handles: handle → what it stands
    for.
    """

    value: str
    begun: int
    serial: int = 0
    made: int = 0
    tkn: str = ""
    handles: dict[str, str] = field(default_factory=dict)


class Sessions:
    """All accounts' sessions, in the unit's memory."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._switches = site.switches.ppc
        self._notes = site.notes("sessions")

    def of(self, user: str, now: datetime) -> Session | None:
        """Return an account's session unless it is over by time."""
        found = self._read(self._notes.read().get(user))
        if found is None or self.is_old(found, now):
            return None
        return found

    def any_of(self, user: str) -> Session | None:
        """Return an account's session even if it is over."""
        return self._read(self._notes.read().get(user))

    def is_old(self, session: Session, now: datetime) -> bool:
        return not 0 <= now.timestamp() - session.begun < self._switches.session_seconds

    def begin(self, user: str, now: datetime) -> Session:
        table = self._notes.read()
        count = int(table.get("", 0)) + 1
        digits = self._site.made_hex(f"session/{count}", 8)
        value = self._switches.session or f"{int(digits, 16) % 10**10:010d}"
        session = Session(value, int(now.timestamp()))
        self._notes.write({**table, "": count})
        self.keep(user, session)
        return session

    def keep(self, user: str, session: Session) -> None:
        handles = dict(list(session.handles.items())[-_MOST_HANDLES:])
        given = (session.value, session.begun, session.serial, session.made, session.tkn)
        kept = [*given, handles]
        self._notes.write({**self._notes.read(), user: kept})

    def end(self, user: str) -> None:
        table = self._notes.read()
        if table.pop(user, None) is not None:
            self._notes.write(table)

    def end_all(self) -> None:
        """The gateway restarts."""
        self._notes.write({"": self._notes.read().get("", 0)})

    def new_token(self, session: Session) -> str:
        """Return the token of the next page; those before it are no longer good."""
        session.serial += 1
        if self._switches.token:
            session.tkn = f"{self._switches.token}{session.serial:04d}"
        else:
            session.tkn = self._site.made_hex(f"tkn/{session.value}/{session.serial}", 8)
        return session.tkn

    def handle(self, session: Session, meaning: str, fixed: str = "") -> str:
        """Return a handle for something, such as `meter/<id>`: the one it has, or a new one."""
        for handle, known in session.handles.items():
            if known == meaning:
                return handle
        session.made += 1
        text = f"handle/{session.value}/{session.made}/{meaning}"
        handle = fixed or self._site.made_hex(text, 16)
        session.handles[handle] = meaning
        return handle

    def rotate(self, session: Session, kind: str) -> None:
        """Make the handles of that kind stale, where the gateway does that."""
        if self._switches.rotating:
            kept = {h: m for h, m in session.handles.items() if m.partition("/")[0] != kind}
            session.handles = kept

    @staticmethod
    def _read(kept: Any) -> Session | None:
        return Session(*kept) if isinstance(kept, list) and len(kept) == 6 else None
