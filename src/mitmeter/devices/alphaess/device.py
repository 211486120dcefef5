"""An AlphaESS battery as a party: reports, answers Resume, takes SetConfig, keeps its own time.

What it says comes from the simulated house. Source: fact sheet §5, §8, §11; what a real battery
does when an answer does not come is unknown [U], this one waits a while and goes on [A].
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from mitmeter.devices.alphaess.codec import encode
from mitmeter.devices.alphaess.configuration import is_configuration, number
from mitmeter.devices.alphaess.device_clock import DeviceClock
from mitmeter.devices.alphaess.device_events import EventLog
from mitmeter.devices.alphaess.device_history import Backlog
from mitmeter.devices.alphaess.device_measure import (
    history_row,
    measure,
    status_members,
    telemetry_members,
)
from mitmeter.devices.alphaess.device_outlet import SPLIT_TIMER, Outlet, Split
from mitmeter.devices.alphaess.device_quirks import Quirk, Quirks, parse_quirks
from mitmeter.devices.alphaess.device_settings import Settings
from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReply,
    ConfigReport,
    ConfigRequest,
    Login,
    Message,
    Notice,
    Ready,
    Reply,
    ServerCommand,
    Status,
    Telemetry,
)
from mitmeter.devices.alphaess.registers import parse_time
from mitmeter.errors import ConfigError
from mitmeter.model import Side
from mitmeter.protocol import (
    Action,
    Answer,
    BatterySchedule,
    Close,
    Command,
    DeviceContext,
    Send,
    SendRaw,
    SetTimer,
    Undecodable,
)

DEFAULT_SERIAL = "AL9900000000007"
_SERIAL = re.compile(r"AL[0-9]{13}\Z")
DEFAULT_PASSWORD = "example-pass"  # noqa: S105 - the fact sheet's example, nobody's password
STATUS_SECONDS = 10.0
TELEMETRY_SECONDS = 300.0
ANSWER_SECONDS = 10.0
HISTORY_ANSWER_SECONDS = 15.0
SETTLE_SECONDS = 2.0  # after the event log, so that a Resume comes before the configuration
MOST_SETTLING = 30

Act = Action[Message] | Split


class Stage(Enum):
    """Where a connection stands: the value is the command whose reply is awaited, if any."""

    LOGIN = 2
    READY = 0
    EVENT_LOG = 9
    SETTLING = -1
    CONFIGURATION = 3
    RUNNING = -2


class Battery:
    """One battery, for as many connections as it makes, one after the other.

    The first `opened` logs in; later ones go straight on with a status, as real units do after a
    broken link [O]. Configuration, clock and counts live on. With `context.frozen_at` every value
    and every time it tells is that instant's, only timers run on; a schedule is kept and reported
    but does not move the house.

    persona: [identity] serial, password; [configuration] members as text; misbehave, a list.
    user:    a serial number is the battery's own too.
    options: serial, offset_seconds, drift_ppm (+ is fast), misbehave (comma-separated, instead of
             the persona's). Raises ConfigError for what cannot be used.
    """

    def __init__(self, context: DeviceContext) -> None:
        persona, options = context.persona, context.options
        identity = _table(persona, "identity")
        self._context = context
        # The user name is the serial number [O]: who gives one of that form means the other too.
        named = context.user if _SERIAL.match(context.user) else ""
        self._serial = options.get("serial") or named or identity.get("serial") or DEFAULT_SERIAL
        self._user = context.user or self._serial
        self._password = context.password.reveal() or identity.get("password") or DEFAULT_PASSWORD
        self._settings = Settings(self._serial, _table(persona, "configuration"))
        self._quirks = _quirks(context)
        self._clock = DeviceClock(
            context.zone,
            timedelta(seconds=float(_option(options, "offset_seconds"))),
            drift_ppb=int(_option(options, "drift_ppm") * 1000),
        )
        self._log = EventLog()
        self._schedule = BatterySchedule()  # what a house follows that was told nothing
        self._backlog = Backlog(self._clock.local, self._row)
        self._last_heard: datetime | None = None
        self._statuses = 0
        self._report_after = 2 + self._quirks.dice("first report", 0) % 9
        self._telemetry_due: datetime | None = None
        self._begin_connection()

    def _begin_connection(self) -> None:
        self._stage = Stage.RUNNING
        self._settling = 0
        self._history_awaited = False
        self._fetching = False
        self._status_due: datetime | None = None
        self._withheld: list[Status] = []
        self._repeat: Status | None = None
        self._outlet = Outlet()
        self._backlog.clear()

    # --- the party -----------------------------------------------------------------------------

    def opened(self, now: datetime) -> Iterable[Action[Message]]:
        lost, self._last_heard = self._last_heard, now
        self._begin_connection()
        if lost is None:
            return self._outlet.let_out(self._first_opened(now))
        self._log.next_link(self._instant(lost), self._instant(now))
        closed = Notice(_notice("Socket", "Socket is closed!"))
        actions = [*self._status(now), Send(closed)]
        if self._telemetry_due is not None:
            wait = max(0.0, (self._telemetry_due - now).total_seconds())
            actions.append(SetTimer("telemetry", wait))
        return self._outlet.let_out(actions)

    def received(self, message: Message, now: datetime) -> Iterable[Action[Message]]:
        self._last_heard = now
        if isinstance(message, ServerCommand):
            return self._outlet.let_out(self._commanded(message, now))
        if isinstance(message, ConfigReply):
            return self._outlet.let_out(self._configured(message, now))
        if isinstance(message, Reply):
            return self._outlet.let_out(self._replied(message, now))
        return []

    def timer(self, name: str, now: datetime) -> Iterable[Action[Message]]:
        if name == SPLIT_TIMER:
            return self._outlet.join()
        handlers: dict[str, Callable[[datetime], list[Act]]] = {
            "status": self._status,
            "telemetry": self._telemetry,
            "answer": self._no_answer,
            "settle": self._settle,
            "history": self._next_rows,
            "fetch": self._stop_fetching,
        }
        handler = handlers.get(name)
        return [] if handler is None else self._outlet.let_out(handler(now))

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Action[Message]]:
        """Ignore it: what a real battery does is unknown [U]."""
        return []

    def commanded(self, command: Command, now: datetime) -> Iterable[Action[Message]]:
        return [Answer(command.id, False, "an emulated battery takes orders from its server only")]

    # --- start-up ------------------------------------------------------------------------------

    def _first_opened(self, now: datetime) -> list[Act]:
        instant = self._instant(now)
        self._clock.start(instant)
        self._log.first_link(instant)
        self._obey(now)
        if self._quirks.strikes(Quirk.NO_LOGIN, 0):
            return self._status(now)
        self._stage = Stage.LOGIN
        return [Send(Login(self._credentials())), SetTimer("answer", ANSWER_SECONDS)]

    def _credentials(self) -> tuple[tuple[str, str], ...]:
        return (
            ("UserName", self._user),
            ("Password", self._password),
            ("CompanyName", "AlphaESS"),
        )

    def _replied(self, reply: Reply, now: datetime) -> list[Act]:
        if reply.command == 12:
            return self._next_rows(now) if self._history_awaited else []
        if reply.command != self._stage.value:
            return []
        if self._stage is Stage.LOGIN and reply.get("Status") not in ("Success", None):
            return [Close("the server refused the login")]
        return self._next_stage(now)

    def _no_answer(self, now: datetime) -> list[Act]:
        """Go on without the answer."""
        waiting = self._stage not in (Stage.SETTLING, Stage.RUNNING)
        return self._next_stage(now) if waiting else []

    def _next_stage(self, now: datetime) -> list[Act]:
        wait = SetTimer("answer", ANSWER_SECONDS)
        if self._stage is Stage.LOGIN:
            self._stage = Stage.READY
            return [Send(Ready()), wait]
        if self._stage is Stage.READY:
            self._stage = Stage.EVENT_LOG
            log = Notice(_notice("EventLog", self._log.text(self._clock.local)))
            return [Send(log), wait]
        if self._stage is Stage.EVENT_LOG:
            self._stage = Stage.SETTLING
            return [SetTimer("settle", SETTLE_SECONDS)]
        if self._stage is Stage.SETTLING:
            self._stage = Stage.CONFIGURATION
            return [Send(self._config_request()), wait]
        self._stage = Stage.RUNNING
        return self._status(now)

    def _settle(self, now: datetime) -> list[Act]:
        """Go on to the configuration, after the rows that are being fetched, but not for ever."""
        self._settling += 1
        if (self._backlog or self._history_awaited) and self._settling < MOST_SETTLING:
            return [SetTimer("settle", SETTLE_SECONDS)]
        return self._next_stage(now) if self._stage is Stage.SETTLING else []

    # --- reporting -----------------------------------------------------------------------------

    def _status(self, now: datetime) -> list[Act]:
        """Say a status, what its place in the run brings with it, and when the next one is due."""
        self._statuses += 1
        instant = self._instant(now)
        house = self._context.house.state(instant)
        measured = measure(house, self._clock.local(instant), self._context.seed)
        actions = self._say_status(Status(status_members(measured, self._serial)))
        place = self._statuses - self._report_after
        if place in (0, 1):
            actions.append(Send(ConfigReport(self._settings.report())))
        elif place == 2:
            actions += self._telemetry(now)
        step = timedelta(seconds=STATUS_SECONDS)
        first = self._status_due is None
        due = self._status_due or now
        self._status_due = due + step if due + step > now else now + step
        actions.append(SetTimer("status", (self._status_due - now).total_seconds()))
        if not first and self._quirks.strikes(Quirk.RECONNECTS, self._statuses):
            actions.append(Close("told to reconnect now and then"))
        return actions

    def _say_status(self, status: Status) -> list[Act]:
        """Return the status as it goes out, oddities included."""
        quirks, count = self._quirks, self._statuses
        if not quirks.rates:
            return [Send(status)]
        if quirks.strikes(Quirk.BATCHES, count):
            self._withheld.append(status)
            return []
        actions: list[Act] = [Send(held) for held in self._withheld]
        self._withheld = []
        if self._repeat is not None:
            actions.append(Send(self._repeat))
        self._repeat = status if quirks.strikes(Quirk.DUPLICATES, count) else None
        raw = encode(Side.DEVICE, status)
        if quirks.strikes(Quirk.BAD_CHECKSUMS, count):
            actions.append(SendRaw(raw[:-1] + bytes((raw[-1] ^ 0xFF,))))
        elif quirks.strikes(Quirk.SPLITS, count):
            cut = 1 + quirks.dice("cut", count) % (len(raw) - 1)
            actions.append(Split(raw[:cut], raw[cut:]))
        else:
            actions.append(Send(status))
        return actions

    def _telemetry(self, now: datetime) -> list[Act]:
        instant = self._instant(now)
        house = self._context.house
        measured = measure(house.state(instant), self._clock.local(instant), self._context.seed)
        members = telemetry_members(measured, house.energy(instant), self._serial)
        self._telemetry_due = now + timedelta(seconds=TELEMETRY_SECONDS)
        return [Send(Telemetry(members)), SetTimer("telemetry", TELEMETRY_SECONDS)]

    def _row(self, at: datetime) -> tuple[str, ...]:
        house = self._context.house
        measured = measure(house.state(at), self._clock.local(at), self._context.seed)
        return history_row(measured, house.energy(at), self._serial)

    # --- the server's commands -----------------------------------------------------------------

    def _commanded(self, command: ServerCommand, now: datetime) -> list[Act]:
        """Acknowledge, whatever the command is, and do what is known of it."""
        name = command.get("Command") or ""
        echo = (
            ("Command", name),
            ("CmdIndex", command.get("CmdIndex") or ""),
            ("Status", "Success"),
        )
        actions: list[Act] = [Send(Acknowledgement(echo, command.command))]
        if name == "Resume":
            self._backlog.ask(command, self._instant(now))
            if not self._history_awaited:
                actions += self._next_rows(now)
        elif name == "SetConfig":
            self._fetching = True
            actions += [Send(self._config_request()), SetTimer("fetch", ANSWER_SECONDS)]
        elif name == "SyncTime":
            self._set_clock(command, self._instant(now))
        return actions

    def _next_rows(self, now: datetime) -> list[Act]:
        """Send the next rows when the last ones were answered, or when no answer came."""
        self._history_awaited = bool(self._backlog)
        if not self._backlog:
            return []
        return [Send(self._backlog.frame()), SetTimer("history", HISTORY_ANSWER_SECONDS)]

    def _config_request(self) -> ConfigRequest:
        return ConfigRequest((("SN", self._serial),))

    def _configured(self, reply: ConfigReply, now: datetime) -> list[Act]:
        """Take the server's configuration; after a SetConfig, report what came of it."""
        actions: list[Act] = []
        useful = reply.get("Status") in ("Success", None) and is_configuration(reply.members)
        if useful:
            self._settings.take(reply.members)
            self._obey(now)
        if self._fetching:
            self._fetching = False
            if useful:
                actions.append(Send(ConfigReport(self._settings.report())))
        if self._stage is Stage.CONFIGURATION:
            actions += self._next_stage(now)
        return actions

    def _stop_fetching(self, now: datetime) -> list[Act]:
        self._fetching = False
        return []

    def _obey(self, now: datetime) -> None:
        """Do what the configuration asks from now on, when it asks for something new."""
        schedule = self._settings.schedule()
        if schedule != self._schedule and self._context.frozen_at is None:
            self._context.house.schedule(now, schedule)
        self._schedule = schedule

    def _set_clock(self, command: ServerCommand, instant: datetime) -> None:
        """Set the clock from Parameter1 if there is one, else from CmdIndex [A]."""
        wanted = command.get("Parameter1")
        if wanted is not None:
            local = parse_time(wanted)
            if local is not None:
                self._clock.set(instant, local)
            return
        index = number(command.get("CmdIndex") or "")
        if index is not None and 0 <= index < 86_400_000:
            self._clock.set_from_index(instant, int(index))

    def _instant(self, now: datetime) -> datetime:
        return now if self._context.frozen_at is None else self._context.frozen_at


def _notice(kind: str, content: str) -> tuple[tuple[str, str], ...]:
    return (("MsgType", kind), ("MsgContent", content), ("Description", "OK"))


def _table(persona: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return a table of the persona, all of it text."""
    found = persona.get(name, {})
    if not isinstance(found, Mapping):
        raise ConfigError(name, "is not a table")
    for key, value in found.items():
        if not isinstance(value, str):
            raise ConfigError(f"{name}.{key}", f"{value!r} is not text: the wire has text only")
    return dict(found)


def _option(options: Mapping[str, str], name: str) -> Decimal:
    text = options.get(name, "0")
    found = number(text)
    if found is None:
        raise ConfigError(name, f"{text!r} is not a number")
    return found


def _quirks(context: DeviceContext) -> Quirks:
    words = context.options.get("misbehave")
    named = words.split(",") if words is not None else context.persona.get("misbehave", [])
    if not isinstance(named, list) or not all(isinstance(word, str) for word in named):
        raise ConfigError("misbehave", f"{named!r} is not a list of words")
    return parse_quirks(named, context.seed, "misbehave")
