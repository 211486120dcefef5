"""Lines → events and facts: which commands were given, and how the module is set up.

There is nothing to measure here: no readings.
"""

from __future__ import annotations

import re
from datetime import datetime

from mitmeter.devices.kamstrup.management.commands import KNOWN, changes
from mitmeter.devices.kamstrup.management.messages import Line, Message, Spoken, spoken
from mitmeter.devices.kamstrup.rubble_story import RubbleStory
from mitmeter.devices.kamstrup.tally import Tally, is_round
from mitmeter.model import DeviceId, Event, Fact, Severity, Side, printable
from mitmeter.protocol import Undecodable

PROTOCOL = "kamstrup-management"
PREFIX = "mitmeter.kamstrup.management"
_SHOWN = 200
_WELCOME = re.compile(r"Connected to \[([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5})\]")
_FACT = re.compile(r"([A-Za-z][A-Za-z0-9 .()]{1,60}?) *: ?(.*)")
# What of !GC and !GV is kept: label → (fact, whether it is nobody else's business).
_FACTS: dict[str, tuple[str, bool]] = {
    "Software Version": ("firmware", False),
    "Device Name": ("name", True),
    "Use DHCP": ("dhcp", False),
    "IP addr.": ("address", True),
    "IP Subnet": ("mask", True),
    "Gateway addr.": ("gateway", True),
    "Service server addr.": ("kap server", True),
    "Service server hostname.": ("kap server name", True),
    "DNS Server No. 1": ("dns 1", True),
    "DNS Server No. 2": ("dns 2", True),
    "DNS Server No. 3": ("dns 3", True),
    "MAC addr. (HEX)": ("mac", True),
    "Channel A device meterno.": ("meter A", True),
    "Channel B device meterno.": ("meter B", True),
    "KAP Server port": ("kap port", False),
    "KAP Local port": ("kap local port", False),
    "Software watchdog": ("watchdog", False),
    "UART A setup": ("uart A", False),
    "UART B setup": ("uart B", False),
}


class ManagementProjection:
    """The projection of one conversation. The module names itself in its welcome, by its MAC."""

    __slots__ = ("_device", "_facts", "_rubble", "_tally")

    def __init__(self) -> None:
        self._device: DeviceId | None = None
        self._facts: dict[str, str] = {}
        self._tally = Tally()
        self._rubble = RubbleStory(PREFIX, usual=("management", "telnet"))

    def project(self, sender: Side, message: Message, at: datetime) -> list[Event | Fact]:
        if not isinstance(message, Line):
            return []
        if sender is Side.DEVICE:
            return list(self._told(message.text))
        asked = spoken(message)
        if asked is None:
            return []
        said = self._asked(asked, at)
        if not _is_known(asked):
            # What other protocols say is lines here, too.
            said += self._rubble.look((message.text + message.ending).encode("latin-1"), at)
        return said

    def garbled(self, sender: Side, item: Undecodable, at: datetime) -> list[Event]:
        return self._rubble.tell(item, at) if sender is Side.HEADEND else []

    def _asked(self, asked: Spoken, at: datetime) -> list[Event | Fact]:
        """Tell of a command: the same one once, and then at its 10th, 100th … time."""
        count = self._tally.count((asked.word, asked.parameters))
        if not is_round(count):
            return []
        word, parameters = printable(asked.word, 40), printable(asked.parameters, _SHOWN)
        text = f"management: {word} {parameters}".rstrip()
        changing = changes(asked)
        return [
            Event(
                f"{PREFIX}.command",
                at,
                text if count == 1 else f"{text}, {count} times by now",
                Severity.WARNING if changing else Severity.INFO,
                self._device,
                {
                    "command": word,
                    "parameters": parameters,
                    "known": _is_known(asked),
                    "changes": changing,
                    "count": count,
                },
            )
        ]

    def _told(self, text: str) -> list[Fact]:
        welcome = _WELCOME.fullmatch(text)
        if welcome:
            self._device = DeviceId(PROTOCOL, welcome[1].replace(":", "").upper())
            self._facts.clear()
            return []
        found = _FACT.fullmatch(text)
        known = _FACTS.get(found[1]) if found else None
        if found is None or known is None or self._device is None:
            return []
        name, private = known
        value = printable(found[2], _SHOWN)
        if not value or self._facts.get(name) == value:
            return []
        self._facts[name] = value
        return [Fact(self._device, name, value, private)]


def _is_known(asked: Spoken) -> bool:
    return asked.word in KNOWN or (len(asked.word) <= 3 and asked.word[:1] in ("H", "Q"))
