"""When a gateway stops answering: asked too often it hangs, and now and then it drops a connection.

Source: fact sheet §1.10, §3.6 [O]; how much is too often is unknown [U], so it is a switch.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto

from mitmeter.devices.smgw.emulated.memory import Notes
from mitmeter.devices.smgw.emulated.switches import MisbehaviourSwitches


class Mood(Enum):
    """How a request finds the gateway."""

    ANSWERS = auto()
    HANGS = auto()
    DROPS = auto()


class Moods:
    """Counts the requests of all connections, in the unit's memory."""

    def __init__(self, switches: MisbehaviourSwitches, notes: Notes) -> None:
        self._switches = switches
        self._notes = notes

    def asked(self, now: datetime) -> Mood:
        """Count one request and say how it finds the gateway."""
        switches = self._switches
        if not switches.hang_after and not switches.drop_every:
            return Mood.ANSWERS
        table, second = self._notes.read(), now.timestamp()
        if 0 <= second - table.get("hung", -(10**12)) < switches.hang_seconds:
            return Mood.HANGS
        count = int(table.get("count", 0)) + 1
        recent = [t for t in table.get("recent", []) if 0 <= second - t < switches.hang_window]
        recent = [*recent, second][-switches.hang_after - 1 :] if switches.hang_after else []
        kept = {"count": count, "recent": recent}
        if switches.hang_after and len(recent) > switches.hang_after:
            self._notes.write({**kept, "hung": second})
            return Mood.HANGS
        self._notes.write(kept)
        if switches.drop_every and count % switches.drop_every == 0:
            return Mood.DROPS
        return Mood.ANSWERS
