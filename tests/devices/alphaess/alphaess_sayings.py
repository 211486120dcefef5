"""What a battery and its server say, for tests of parties and rules: synthetic values only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, TypeVar

from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReply,
    ConfigReport,
    ConfigRequest,
    History,
    Json,
    Members,
    Message,
    Reply,
    ServerCommand,
    Status,
)
from mitmeter.model import DeviceId, Event
from mitmeter.protocol import Answer, Command, Emit, Identify, Report, Send, SetTimer

SERIAL = "AL9900000000007"
BATTERY = DeviceId("alphaess", SERIAL)
# The battery's clock is two hours and twenty seconds ahead of UTC in these tests.
NOON = datetime(2025, 6, 1, 10, 0, 0, tzinfo=UTC)
AHEAD = timedelta(hours=2, seconds=20)

_ids = count(1)
T = TypeVar("T")


def device_time(now: datetime) -> datetime:
    return now.replace(tzinfo=None) + AHEAD


def shown(at: datetime) -> str:
    return at.strftime("%Y/%m/%d %H:%M:%S")


def status(now: datetime, serial: str = SERIAL) -> Status:
    told = shown(device_time(now))
    return Status((("Time", told), ("SN", serial), ("Pbat", "0.0000"), ("SOC", "72.4")))


def history(*times: datetime, serial: str = SERIAL) -> History:
    rows = tuple((at.strftime("%Y/%m/%d"), at.strftime("%H:%M:%S"), serial, "1510") for at in times)
    return History(("Date", "Time", "SN", "Ppv1"), rows)


def fetch() -> ConfigRequest:
    return ConfigRequest((("SN", SERIAL),))


def report(**changed: Json) -> ConfigReport:
    """The battery's report in its own spelling, some members changed."""
    members: dict[str, Json] = {
        "SN": SERIAL,
        "Address": "1 Sample Street",
        "License": "LIC0000000000001",
        "Popv": "9.2",
        "BatterySN1": "B100",
        "BMSVersion": "V1.04",
        "Generator": "0",
        "BackUpBox": "False",
        "GridCharge": "false",
        "CtrDis": "false",
        "TimeChaF1": "0",
        "TimeChaE1": "0",
        "TimeChaF2": "0",
        "TimeChaE2": "0",
        "BatHighCap": "100",
        "BatUseCap": "13",
        "SetFeed": "100",
        "BatReady": "0",
        "EmsLanguage": "0",
        "Channel1": "0",
        "use_ct": "1",
    }
    members.update(changed)
    return ConfigReport(tuple(members.items()))


def server_configuration(**changed: Json) -> Members:
    """A server's configuration in the server's spelling, with a member of a newer firmware."""
    members: dict[str, Json] = {
        "Status": "Success",
        "SN": SERIAL,
        "License": "LIC0000000000001",
        "Address": "1 Sample Street",
        "Popv": "9.20",
        "GridCharge": False,
        "BatHighCap": "100.00",
        "BatUseCap": "13.00",
        "CtrDis": False,
        "GridChargeWE": True,
        "FAAEnable": "7",
        "SetFeed": "100",
        "Generator": False,
        "BackUpBox": False,
        "TimeChaF1": "0",
        "TimeChaE1": "0",
        "TimeChaF2": "0",
        "TimeChaE2": "0",
        "MaxGridCharge": "3.00",
        "EmsLanguage": Decimal(0),
        "Channel1": "",
    }
    members.update(changed)
    return tuple(members.items())


def acknowledgement(of: ServerCommand, status: str = "Success") -> Acknowledgement:
    return Acknowledgement(
        (("Command", of.get("Command")), ("CmdIndex", of.get("CmdIndex")), ("Status", status))
    )


def command(name: str, device: DeviceId = BATTERY, **arguments: str) -> Command:
    """A command; underscores in argument names stand for dashes, a trailing one for nothing."""
    named = {key.rstrip("_").replace("_", "-"): value for key, value in arguments.items()}
    return Command(f"c{next(_ids)}", device, name, named)


def charge() -> Command:
    return command("charge-from-grid", from_="1", until="5", stop_at="80")


@dataclass
class Heard:
    """The actions of one step, sorted by kind."""

    actions: list[Any]

    def __init__(self, actions: Iterable[Any]) -> None:
        self.actions = list(actions)

    def of(self, kind: type[T]) -> list[T]:
        return [action for action in self.actions if isinstance(action, kind)]

    @property
    def said(self) -> list[Message]:
        """What a party says, or a rule says to either side."""
        return [action.message for action in self.actions if isinstance(action, Send | Emit)]

    @property
    def events(self) -> list[Event]:
        return [action.event for action in self.of(Report)]

    @property
    def event_ids(self) -> list[str]:
        return [event.eventid for event in self.events]

    @property
    def answer(self) -> Answer:
        (answer,) = self.of(Answer)
        return answer

    @property
    def timers(self) -> dict[str, float]:
        return {action.name: action.seconds for action in self.of(SetTimer)}

    @property
    def identified(self) -> list[DeviceId]:
        return [action.device for action in self.of(Identify)]

    def commanded(self) -> ServerCommand:
        """The one server command among what was said."""
        (found,) = [message for message in self.said if isinstance(message, ServerCommand)]
        return found

    def configuration(self) -> dict[str, Json]:
        (found,) = [message for message in self.said if isinstance(message, ConfigReply)]
        return dict(found.members)


def success(number: int) -> Reply:
    return Reply((("Status", "Success"),), number)


PLAIN_CONFIGURATION = ConfigReply((("Status", "Success"),))
