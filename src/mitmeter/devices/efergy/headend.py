"""The stand-in server: answers everything a hub says, so that it stays on line.

Anything but 200 makes a hub store and repeat [I], so even what cannot be read is answered so [O].
A correct Date goes with every answer, since hubs may take their time from it [I].
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from mitmeter.devices.efergy.calibration import calibration
from mitmeter.devices.efergy.identity import hub, mac_of
from mitmeter.devices.efergy.messages import Bulk, Headers, KeyRequest, Message, Reply, Request
from mitmeter.devices.efergy.registers import BULK
from mitmeter.model import DeviceId
from mitmeter.protocol import (
    Action,
    Answer,
    Close,
    Command,
    HeadendContext,
    Identify,
    Send,
    Undecodable,
)

Act = Action[Message]

# h1 needs this word; h2 and h3 take any body, and this is what deployed servers send [O].
SUCCESS = b"success"
# What the vendor's server answered to stored data [O]: octets, and the number as text.
STORED = b"200"
# Any 13 characters do: the key feeds only hashes that nobody here checks [O].
KEY = b"TT|ABCDEFGHIJKLM\n"

_HTML, _OCTETS = "text/html; charset=UTF-8", "application/octet-stream"
_ANSWERED = frozenset({"GET", "POST", "PUT"})


class Headend:
    """Plays the server of one conversation.

    options: `calibration` lists them; they are checked here so that a wrong one is told early.
    """

    __slots__ = ("_device",)

    def __init__(self, context: HeadendContext) -> None:
        calibration(context.options)
        self._device: DeviceId | None = None

    def opened(self, now: datetime) -> Iterable[Act]:
        return ()

    def received(self, message: Message, now: datetime) -> Iterable[Act]:
        if isinstance(message, Reply):
            return ()
        actions: list[Act] = []
        mac = mac_of(message)
        if mac is not None and (self._device is None or self._device.serial != mac):
            self._device = hub(mac)
            actions.append(Identify(self._device))
        last = _asks_to_close(message) or message.method not in _ANSWERED
        actions.append(_answer(_kind(message), last, now.replace(microsecond=0)))
        if last:
            actions.append(Close("one answer was all that was asked for"))
        return actions

    def timer(self, name: str, now: datetime) -> Iterable[Act]:
        return ()

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Act]:
        """Hang up: where the next request begins can no longer be known. Hubs dial again."""
        return (Close(f"not HTTP as hubs speak it: {item.reason}"),)

    def commanded(self, command: Command, now: datetime) -> Iterable[Act]:
        return (Answer(command.id, False, "hubs take no commands"),)


def _kind(message: Request) -> str:
    if message.method not in _ANSWERED:
        return "not allowed"
    if isinstance(message, Bulk) or message.path == BULK:
        return "stored"
    return "key" if isinstance(message, KeyRequest) else "success"


def _asks_to_close(message: Request) -> bool:
    connection = message.header("connection").lower()
    return "close" in connection or (message.version == "1.0" and "keep-alive" not in connection)


# Answers are made once a second at most: a busy trap gives thousands of them.
@lru_cache(maxsize=64)
def _answer(kind: str, last: bool, now: datetime) -> Send[Message]:
    if kind == "not allowed":
        return Send(reply(now, b"", last=last, status=405, reason="Method Not Allowed"))
    if kind == "stored":
        return Send(reply(now, STORED, _OCTETS, last=last))
    return Send(reply(now, KEY if kind == "key" else SUCCESS, last=last))


def reply(
    now: datetime,
    body: bytes,
    content_type: str = _HTML,
    *,
    last: bool = False,
    status: int = 200,
    reason: str = "OK",
) -> Reply:
    """Return an answer, HTTP/1.1 always: a unit of the first generation needs that [O]."""
    headers: Headers = (
        ("Date", format_datetime(now, usegmt=True)),
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
    )
    if last:
        headers = (*headers, ("Connection", "close"))
    return Reply(status, reason, headers, body)
