"""One running trap with a steady battery, and strangers whose visits can be looked up later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.system.batteries import Caller, SteadyBattery
from tests.system.processes import Running, events, mitmeter, poll


@dataclass(slots=True)
class Visit:
    """One conversation, as journal and store know it."""

    data: Path
    id: str

    def device_bytes(self) -> bytes:
        """Return what the device has said, by `journal show`."""
        shown = mitmeter("journal", "show", "--json", self.id, data=self.data)
        assert shown.code == 0, shown.err
        return b"".join(
            bytes.fromhex(each["hex"]) for each in shown.objects if each["sender"] == "device"
        )

    def keeps(self, said: bytes) -> bool:
        """Tell whether the journal comes to hold all of this, and nothing else."""
        poll(lambda: len(self.device_bytes()) >= len(said), "the journal lacks bytes")
        return self.device_bytes() == said

    def events(self, eventid: str) -> list[dict[str, Any]]:
        return [each for each in events(self.data, eventid) if each["session"] == self.id]

    def tells(self, eventid: str, *parts: str) -> dict[str, Any]:
        """Wait for an event of this visit whose message has all these parts; return it."""
        found: list[dict[str, Any]] = []

        def told() -> bool:
            found[:] = [
                each
                for each in self.events(eventid)
                if all(part in each["message"] for part in parts)
            ]
            return bool(found)

        poll(told, lambda: f"no {eventid} tells {parts}: {[*self.messages()]}")
        return found[0]

    def messages(self) -> list[str]:
        return [f"{each['eventid']}: {each['message']}" for each in self.events("")]


@dataclass(slots=True)
class Laboratory:
    """A trap, and a battery that must never miss an answer whatever else comes in."""

    trap: Running
    battery: SteadyBattery

    def stranger(self, source: str = "127.0.0.1") -> Caller:
        return Caller(self.trap.port, source)

    def visit(self, peer: str) -> Visit:
        """Return the conversation with that peer, once the journal has it."""
        found: list[dict[str, Any]] = []

        def listed() -> bool:
            told = mitmeter("journal", "list", "--json", data=self.trap.data)
            assert told.code == 0, told.err
            found[:] = [each for each in told.objects if each["peer"] == peer]
            return bool(found)

        poll(listed, f"no conversation with {peer}")
        assert len(found) == 1
        return Visit(self.trap.data, found[0]["conversation"])
