"""An Efergy hub as a party: checks its key, reports its sensors, brings what it stored.

What it says comes from the simulated house. It takes its time from the Date of the answers [I]. How
long a real hub waits for an answer, and when it pings, is unknown [U]; an h3 hub stores a value of
each sensor a minute [I] and brings them when it was without contact for two [A].
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from mitmeter.devices.efergy.device_requests import Speaker, bodies, unix_hex
from mitmeter.devices.efergy.device_sensors import sensors
from mitmeter.devices.efergy.identity import is_mac
from mitmeter.devices.efergy.messages import (
    Asked,
    Bulk,
    KeyCheck,
    KeyRequest,
    Message,
    Reply,
    StoredRecord,
)
from mitmeter.devices.efergy.registers import CLAMP
from mitmeter.errors import ConfigError
from mitmeter.protocol import (
    Action,
    Answer,
    Close,
    Command,
    DeviceContext,
    Send,
    SetTimer,
    Undecodable,
)

DEFAULT_MAC = "02005E302010"
FIRMWARE = {"h1": "v1.0.1", "h2": "2.3.7", "h3": "3.7.1"}
REPORT_SECONDS = {"h1": 6.0, "h2": 12.0, "h3": 10.0}
ANSWER_SECONDS = 15.0
RETRY = timedelta(seconds=10)
PING_SECONDS = 300.0
STORE_STEP = timedelta(seconds=60)
STORE_AFTER = timedelta(seconds=120)
STORE_DAYS = timedelta(days=2)
MOST_STORED = 64  # bodies

_FIRMWARE_TEXT = re.compile(r"[A-Za-z0-9._-]{1,20}")

Act = Action[Message]


class Hub:
    """One hub, for as many connections as it makes, one after the other.

    Every connection lasts as long as the server lets it, or one request (option connection).
    With `context.frozen_at` every value and every time it tells is that instant's.

    persona: [hub] generation, mac, firmware, seconds (between reports); [[sensor]] as in
             `device_sensors`.
    options: mac, connection (keep-alive or close). Raises ConfigError for what cannot be used.
    """

    def __init__(self, context: DeviceContext) -> None:
        table = _table(context.persona)
        generation = str(table.get("generation", "h3"))
        if generation not in FIRMWARE:
            raise ConfigError("hub.generation", f"{generation!r} is none of h1, h2, h3")
        mac = str(context.options.get("mac") or table.get("mac") or DEFAULT_MAC).upper()
        if not is_mac(mac):
            raise ConfigError("mac", f"{mac!r} is not 12 hex digits")
        self._context = context
        self._generation = generation
        firmware = str(table.get("firmware", FIRMWARE[generation]))
        if not _FIRMWARE_TEXT.fullmatch(firmware):
            raise ConfigError("hub.firmware", f"{firmware!r} is not short and plain")
        self._speaker = Speaker(mac, generation, firmware)
        self._sensors = sensors(context.persona.get("sensor"))
        if generation == "h1" and any(each.kind != CLAMP for each in self._sensors):
            raise ConfigError("sensor", "an h1 hub has current clamps only")
        self._step = timedelta(seconds=_seconds(table, REPORT_SECONDS[generation]))
        self._one_request = _one_request(context.options)
        self._started: datetime | None = None
        self._clock: timedelta | None = None  # what its clock is ahead; None while it is not set
        self._accepted = self._key_wanted = False
        self._retry_due: datetime | None = None
        self._contact: datetime | None = None  # when a report was last taken
        self._report_due: datetime | None = None
        self._ping_due: datetime | None = None
        self._stored: deque[tuple[StoredRecord, ...]] = deque(maxlen=MOST_STORED)
        self._awaited: Asked | None = None

    # --- the party -----------------------------------------------------------------------------

    def opened(self, now: datetime) -> Iterable[Act]:
        self._awaited = None
        if self._started is None:
            self._started = now
            self._ping_due = now + timedelta(seconds=PING_SECONDS)
        self._remember(now)
        return self._next(now)

    def received(self, message: Message, now: datetime) -> Iterable[Act]:
        asked = self._awaited
        if not isinstance(message, Reply) or asked is None:
            return []
        self._awaited = None
        self._set_clock(message, now)
        self._answered(asked, message, now)
        return [Close("one request per connection")] if self._one_request else self._next(now)

    def timer(self, name: str, now: datetime) -> Iterable[Act]:
        if name == "answer":
            return [] if self._awaited is None else [Close("no answer came")]
        return [] if self._awaited is not None else self._next(now)

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Act]:
        return [Close("the answer was not HTTP")]

    def commanded(self, command: Command, now: datetime) -> Iterable[Act]:
        return [Answer(command.id, False, "a hub takes no commands")]

    # --- saying --------------------------------------------------------------------------------

    def _next(self, now: datetime) -> list[Act]:
        """Say what is due: key, stored values, ping, report; with nothing due, wait for it."""
        ts, uptime = self._ts(now), self._uptime(now)
        if self._retry_due is not None and self._retry_due > now:
            return [SetTimer("next", (self._retry_due - now).total_seconds())]
        if self._key_wanted:
            return self._say(self._speaker.key_request())
        if not self._accepted:
            return self._say(self._speaker.key_check(ts))
        if self._stored:
            return self._say(self._speaker.bulk(ts, uptime, self._stored[0]))
        if self._generation != "h1" and self._ping_due is not None and self._ping_due <= now:
            self._ping_due = now + timedelta(seconds=PING_SECONDS)
            return self._say(self._speaker.ping(ts, uptime, [each.sid for each in self._sensors]))
        due = self._report_due or now
        if due > now:
            return [SetTimer("next", (due - now).total_seconds())]
        self._report_due = due + self._step if due + self._step > now else now + self._step
        return self._say(self._report(now, ts, uptime))

    def _say(self, message: Asked) -> list[Act]:
        self._awaited = message
        return [Send(message), SetTimer("answer", ANSWER_SECONDS)]

    def _report(self, now: datetime, ts: str, uptime: int) -> Asked:
        house = self._context.house.state(self._instant(now))
        if self._generation == "h1":
            return self._speaker.currents(ts, [each.row(house) for each in self._sensors])
        with_rssi = self._generation == "h3"
        lines = [each.line(house, with_rssi=with_rssi) for each in self._sensors]
        return self._speaker.lines(ts, uptime, lines)

    # --- hearing -------------------------------------------------------------------------------

    def _answered(self, asked: Asked, reply: Reply, now: datetime) -> None:
        taken = reply.status == 200
        self._retry_due = None if taken else now + RETRY
        if isinstance(asked, KeyCheck):
            # An h1 hub needs the word; the others take any body [O].
            self._accepted = taken and (self._generation != "h1" or b"success" in reply.body)
            self._key_wanted = not self._accepted
        elif isinstance(asked, KeyRequest):
            self._key_wanted = False
            self._retry_due = now + RETRY
        elif isinstance(asked, Bulk):
            if taken and self._stored:
                self._stored.popleft()
        elif taken:
            self._contact = now

    def _set_clock(self, reply: Reply, now: datetime) -> None:
        try:
            told = parsedate_to_datetime(reply.header("date"))
        except ValueError:
            return
        if told.tzinfo is not None:
            told = told.astimezone(UTC)
            frozen = self._context.frozen_at is not None
            self._clock = timedelta(0) if frozen else told - now

    # --- remembering ---------------------------------------------------------------------------

    def _remember(self, now: datetime) -> None:
        """Store what an h3 hub has measured while it had no contact, two days of it at most."""
        contact, clock = self._contact, self._clock
        if self._generation != "h3" or contact is None or clock is None:
            return
        if now - contact < STORE_AFTER or self._context.frozen_at is not None:
            return
        self._contact = now
        at = max(contact, now - STORE_DAYS) + STORE_STEP
        records: list[StoredRecord] = []
        while at < now:
            house = self._context.house.state(at)
            told = (at + clock).replace(microsecond=0)
            records += (each.stored(house, told) for each in self._sensors)
            at += STORE_STEP
        self._stored.extend(bodies(records))

    def _uptime(self, now: datetime) -> int:
        return 0 if self._started is None else int((now - self._started).total_seconds())

    def _ts(self, now: datetime) -> str:
        clock = self._clock
        return unix_hex(None if clock is None else self._instant(now) + clock)

    def _instant(self, now: datetime) -> datetime:
        return now if self._context.frozen_at is None else self._context.frozen_at


def _table(persona: Mapping[str, Any]) -> Mapping[str, Any]:
    found = persona.get("hub", {})
    if not isinstance(found, Mapping):
        raise ConfigError("hub", "is no table")
    known = ("generation", "mac", "firmware", "seconds")
    for name in found:
        if name not in known:
            raise ConfigError(f"hub.{name}", f"is not known; there is {', '.join(known)}")
    return found


def _seconds(table: Mapping[str, Any], usual: float) -> float:
    found = table.get("seconds", usual)
    if type(found) not in (int, float) or not 1 <= found <= 3600:
        raise ConfigError("hub.seconds", f"{found!r} is no number from 1 to 3600")
    return float(found)


def _one_request(options: Mapping[str, str]) -> bool:
    given = options.get("connection", "keep-alive")
    if given not in ("keep-alive", "close"):
        raise ConfigError("options.connection", f"{given!r} is neither keep-alive nor close")
    return given == "close"
