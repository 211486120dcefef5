"""The stand-in server: acknowledges everything a display posts, and asks for its tariff politely.

Whatever is posted to /zb02 gets HTTP 200 with the body `200`, readable or not, for a display that
gets no answer only tries again. `CURPRICE` in its place asks for the tariff; a tariff itself is
never answered with that, or the two would go round for ever. Source: fact sheet §4 [O].
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from mitmeter.devices.glow.happenings import (
    ACKNOWLEDGED,
    CURRENT_PRICE,
    PRICES_ASKED,
    PRICES_RECEIVED,
)
from mitmeter.devices.glow.identity import UNNAMED, device_of, header
from mitmeter.devices.glow.messages import (
    PATH,
    Expecting,
    Message,
    MeterReport,
    MqttOther,
    MqttReading,
    MqttState,
    Prices,
    Reply,
    Request,
)
from mitmeter.model import DeviceId
from mitmeter.protocol import (
    Action,
    Answer,
    Close,
    Command,
    HeadendContext,
    Identify,
    Recall,
    Send,
    Undecodable,
)
from mitmeter.wire.http import Headers

Act = Action[Message]

# At most once a minute until a tariff has come, then every ten minutes.
ASK_AGAIN = timedelta(minutes=1)
ASK_ANEW = timedelta(minutes=10)

_MOST_DISPLAYS = 64
_CLOSING = "the display closes after each request"


class Headend:
    """Plays the server of one conversation."""

    __slots__ = ("_device", "_name", "_paces", "_recall", "_refused")

    def __init__(self, context: HeadendContext) -> None:
        self._recall = context.recall
        self._paces: dict[DeviceId, _Pace] = {}
        self._device: DeviceId | None = None
        self._name = ""  # the X-ID that was said last: it need not be read again
        self._refused = False

    def opened(self, now: datetime) -> Iterable[Act]:
        return ()

    def received(self, message: Message, now: datetime) -> Iterable[Act]:
        if isinstance(message, MeterReport | Prices | Request):
            return self._answered(message, now)
        if isinstance(message, Expecting):
            return (_GO_ON,)
        if isinstance(message, MqttReading | MqttState | MqttOther):
            return self._named(device_of(message))
        return ()  # a display that replies

    def timer(self, name: str, now: datetime) -> Iterable[Act]:
        return ()

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Act]:
        """Refuse what is no HTTP, once; what follows it cannot be told apart."""
        if self._refused:
            return ()
        self._refused = True
        close = Close("no HTTP request: " + item.reason)
        return (Send(reply(400, "", reason="Bad Request", closes=True)), close)

    def commanded(self, command: Command, now: datetime) -> Iterable[Act]:
        return (Answer(command.id, False, "a Glow display takes no commands"),)

    # what is answered

    def _answered(self, message: MeterReport | Prices | Request, now: datetime) -> Iterable[Act]:
        actions = self._who(message)
        asks = False
        if self._device is not None and not isinstance(message, Request):
            pace = self._pace(self._device)
            if isinstance(message, Prices):
                pace.received = now
            elif pace.due(now):
                # Another connection of the same display may have asked meanwhile.
                pace.refresh()
                asks = pace.due(now)
                if asks:
                    pace.asked = now
        lasting = _lasts(message.version, message.headers)
        if not isinstance(message, Request) or _is_posted(message):
            actions.append(_ASKED[lasting] if asks else _ACCEPTED[lasting])
        elif message.target.partition("?")[0] == PATH:
            actions.append(_WRONG_METHOD[lasting])
        else:
            actions.append(_NOT_FOUND[lasting])
        if lasting == _CLOSE:
            actions.append(Close(_CLOSING))
        return actions

    def _pace(self, device: DeviceId) -> _Pace:
        pace = self._paces.get(device)
        if pace is None:
            if len(self._paces) >= _MOST_DISPLAYS:
                self._paces.clear()
            pace = self._paces[device] = _Pace(device, self._recall)
        return pace

    # who

    def _who(self, message: MeterReport | Prices | Request) -> list[Act]:
        name = header(message.headers, "X-ID")
        if name and name == self._name:
            return []
        self._name = name
        device = device_of(message)
        if device is None and not isinstance(message, Request):
            device = self._device or UNNAMED
        return self._named(device)

    def _named(self, device: DeviceId | None) -> list[Act]:
        if device is None or device == self._device:
            return []
        self._device = device
        return [Identify(device)]


class _Pace:
    """When one display was asked for its tariff, and when it told one, on any connection."""

    __slots__ = ("_device", "_recall", "asked", "received")

    def __init__(self, device: DeviceId, recall: Recall) -> None:
        self._device = device
        self._recall = recall
        self.asked: datetime | None = None
        self.received: datetime | None = None
        self.refresh()

    def refresh(self) -> None:
        """Learn what other connections have brought; the latest counts."""
        self.asked = _latest(self.asked, self._recall(self._device, PRICES_ASKED))
        self.received = _latest(self.received, self._recall(self._device, PRICES_RECEIVED))

    def due(self, now: datetime) -> bool:
        if self.received is not None and timedelta(0) <= now - self.received < ASK_ANEW:
            return False
        # A moment to come was noted by a clock that has since been set back.
        return self.asked is None or not timedelta(0) <= now - self.asked < ASK_AGAIN


def _latest(known: datetime | None, recalled: str | None) -> datetime | None:
    if recalled is None:
        return known
    try:
        found = datetime.fromisoformat(recalled)
    except ValueError:
        return known
    if found.tzinfo is None or (known is not None and known > found):
        return known
    return found


def _is_posted(message: Request) -> bool:
    return message.method == "POST" and message.target.partition("?")[0] == PATH


# --- answers: constants, for a busy trap gives thousands of them a second ---

_KEEP, _KEEP_OLD, _CLOSE = "keep", "keep old", "close"


def _lasts(version: str, headers: Headers) -> str:
    """Tell whether the sender means to use the connection again, and whether it has to be told."""
    wish = header(headers, "Connection").lower()
    if not wish:
        return _KEEP if version == "1.1" else _CLOSE
    wishes = {each.strip() for each in wish.split(",")}
    if "close" in wishes:
        return _CLOSE
    if version == "1.1":
        return _KEEP
    return _KEEP_OLD if "keep-alive" in wishes else _CLOSE


def reply(
    status: int, body: str, *, reason: str = "OK", closes: bool = False, more: Headers = ()
) -> Reply:
    """Return an answer as plain text, without a line end behind it."""
    connection = (("Connection", "close"),) if closes else ()
    length = (("Content-Length", str(len(body))),)
    return Reply(
        status, body, (("Content-Type", "text/plain"), *more, *length, *connection), reason
    )


def _each(status: int, body: str, reason: str = "OK", more: Headers = ()) -> dict[str, Act]:
    """Return the answer for a connection that lasts, for one that must be told so, and the last."""
    lasting = (*more, ("Connection", "keep-alive"))
    return {
        _KEEP: Send(reply(status, body, reason=reason, more=more)),
        _KEEP_OLD: Send(reply(status, body, reason=reason, more=lasting)),
        _CLOSE: Send(reply(status, body, reason=reason, more=more, closes=True)),
    }


# Whatever follows is answered when it is there, wanted or not: the sender may send it anyway.
_GO_ON: Act = Send(Reply(100, "", (), "Continue"))
_ACCEPTED = _each(200, ACKNOWLEDGED)
_ASKED = _each(200, CURRENT_PRICE)
_NOT_FOUND = _each(404, "", "Not Found")
_WRONG_METHOD = _each(405, "", "Method Not Allowed", (("Allow", "POST"),))
