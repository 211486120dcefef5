"""What is told of a stranger's requests to a meter: each once, then counted; scans as scans."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mitmeter.devices.kamstrup import commands
from mitmeter.devices.kamstrup.codec import encode
from mitmeter.devices.kamstrup.framing import ESCAPE
from mitmeter.devices.kamstrup.messages import (
    Acknowledgement,
    CutOffReply,
    GetCutOffState,
    GetRegister,
    Login,
    LoginReply,
    Message,
    OtherRequest,
    PutRegister,
    RegisterReply,
    SetClock,
    SetCutOffState,
    changes,
)
from mitmeter.devices.kamstrup.tally import Tally, is_round
from mitmeter.model import Event, Severity, Side
from mitmeter.model.event import Field

PREFIX = "mitmeter.kamstrup"
# Nobody who only reads a meter asks for more registers than this, or misses so many in a row.
SCAN_REGISTERS, SCAN_MISSES = 64, 16
FIRST_PINS = 10  # told one by one; a search is counted from then on
_SHOWN_HEX = 256  # bytes of a request in an event; all of them are in the journal


class RequestStory:
    """One client's requests in one conversation."""

    __slots__ = ("_asked", "_logins", "_misses", "_pending", "_scanned", "_scanning", "_tally")

    def __init__(self) -> None:
        self._tally = Tally()
        self._asked: set[int] = set()
        self._misses = 0  # registers in a row that are not there
        self._pending: list[int] = []  # how many registers each unanswered request asked for
        self._scanning = False
        self._scanned = 0
        self._logins = 0

    def request(self, message: Message, at: datetime) -> list[Event]:
        if isinstance(message, Acknowledgement):
            return []
        if isinstance(message, GetRegister):
            return self._registers(message, at)
        if isinstance(message, Login):
            return self._login(message, at)
        if isinstance(message, SetCutOffState):
            return self._told("cutoff", message, at, Severity.ALARM, {"wish": message.wish})
        if changes(message):
            return self._told("write", message, at, Severity.WARNING, _written(message))
        return self._told("request", message, at, Severity.INFO, {})

    def reply(self, message: Message, at: datetime) -> list[Event]:
        """Note what the meter said to it."""
        if isinstance(message, RegisterReply) and self._pending:
            missing = self._pending.pop(0) - len(message.values)
            self._misses = self._misses + missing if not message.values else 0
            if self._misses >= SCAN_MISSES and not self._scanning:
                return self._scan(at)
        elif isinstance(message, LoginReply):
            return self._outcome("login", message.status == 0, message.status, at)
        elif isinstance(message, CutOffReply) and message.setting:
            return self._outcome("cutoff", bool(message.feedback & 0x40), message.state, at)
        return []

    # --- reading

    def _registers(self, message: GetRegister, at: datetime) -> list[Event]:
        if len(self._pending) < SCAN_REGISTERS:
            self._pending.append(len(message.ids))
        if len(self._asked) <= SCAN_REGISTERS:
            self._asked.update(message.ids)
        if self._scanning:
            before, self._scanned = self._scanned, self._scanned + len(message.ids)
            passed = len(str(before)) != len(str(self._scanned))  # 100, 1000, 10000 …
            return [self._scan_event(at, message.ids[-1:])] if passed else []
        if len(self._asked) > SCAN_REGISTERS:
            return self._scan(at, message.ids[-1:])
        return self._told("request", message, at, Severity.INFO, {"registers": message.ids})

    def _scan(self, at: datetime, last: tuple[int, ...] = ()) -> list[Event]:
        self._scanning = True
        self._scanned = len(self._asked)
        return [self._scan_event(at, last)]

    def _scan_event(self, at: datetime, last: tuple[int, ...]) -> Event:
        return Event(
            f"{PREFIX}.scan",
            at,
            f"the register space is being scanned: {self._scanned} registers asked for so far",
            Severity.WARNING,
            fields={
                "count": self._scanned,
                "first": min(self._asked, default=0),
                "last": last[0] if last else max(self._asked, default=0),
                "misses": self._misses,
            },
        )

    # --- logging in

    def _login(self, message: Login, at: datetime) -> list[Event]:
        self._logins += 1
        if self._logins > FIRST_PINS and not is_round(self._logins):
            return []
        pin = message.pin.reveal()
        again = "" if self._logins == 1 else f", try {self._logins}"
        fields = _fields(message) | {
            "pin": int(pin) if pin.isdecimal() else -1,
            "count": self._logins,
        }
        text = f"login with PIN {pin}{again}"
        return [Event(f"{PREFIX}.login", at, text, Severity.WARNING, fields=fields)]

    def _outcome(self, topic: str, granted: bool, code: int, at: datetime) -> list[Event]:
        """Tell how the meter answered: each outcome once, then counted."""
        count = self._tally.count((topic, granted))
        if not is_round(count):
            return []
        word = "granted" if granted else "denied"
        return [
            Event(
                f"{PREFIX}.{topic}.answer",
                at,
                f"{topic}: {word}{_times(count)}",
                Severity.WARNING if granted else Severity.INFO,
                fields={"granted": granted, "status": code, "count": count},
            )
        ]

    # --- the rest

    def _told(
        self,
        topic: str,
        message: Message,
        at: datetime,
        severity: Severity,
        more: Mapping[str, Field],
    ) -> list[Event]:
        count = self._tally.count(message)
        if not is_round(count):
            return []
        fields = {**_fields(message), **more, "count": count}
        text = f"{_words(message)}{_times(count)}"
        return [Event(f"{PREFIX}.{topic}", at, text, severity, fields=fields)]


def _times(count: int) -> str:
    return "" if count == 1 else f", {count} times by now"


def _fields(message: Message) -> dict[str, Field]:
    raw = encode(Side.HEADEND, message)
    cid = _cid(raw)
    return {
        "command": commands.name_of(cid),
        "cid": cid,
        "address": getattr(message, "address", 0),
        "known": not isinstance(message, OtherRequest),
        "request_hex": raw[:_SHOWN_HEX].hex(),
    }


def _cid(raw: bytes) -> int:
    """Return the command byte of a frame: the second behind the start byte, maybe stuffed."""
    at = 2 if raw[1] != ESCAPE else 3
    return raw[at] if raw[at] != ESCAPE else raw[at + 1] ^ 0xFF


def _written(message: Message) -> dict[str, Field]:
    if isinstance(message, PutRegister):
        return {"registers": (message.value.id,), "value_hex": message.value.raw.hex()}
    if isinstance(message, SetClock):
        return {"value_hex": f"{message.date:08x}{message.time:08x}"}
    return {}


def _words(message: Message) -> str:
    if isinstance(message, GetRegister):
        shown = ", ".join(map(str, message.ids[:8]))
        more = f" and {len(message.ids) - 8} more" if len(message.ids) > 8 else ""
        return f"read of registers {shown}{more}" if message.ids else "read of no register"
    if isinstance(message, PutRegister):
        return f"write to register {message.value.id}"
    if isinstance(message, SetCutOffState):
        wish = {1: "disconnect", 2: "release", 3: "reconnect"}.get(message.wish, str(message.wish))
        return f"relays: {wish}"
    if isinstance(message, GetCutOffState):
        return "relays: how are they"
    return commands.name_of(_cid(encode(Side.HEADEND, message)))
