"""A meter that is watched: what strangers do to it, as events beside the ordinary readings.

With the option `honeypot` set to `true` a conversation's requests become events; without it the
protocol's own projection is all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from mitmeter.devices.kamstrup.messages import Message
from mitmeter.devices.kamstrup.request_story import PREFIX, RequestStory
from mitmeter.devices.kamstrup.rubble_story import RubbleStory
from mitmeter.model import Event, Side
from mitmeter.protocol import Projected, Projection, Undecodable

OPTION = "honeypot"


def is_honeypot(options: Mapping[str, str]) -> bool:
    return options.get(OPTION) == "true"


class WatchedMeter:
    """The projection of one conversation with a honeypot.

    `garbled` is for bytes that are no message: who decodes a conversation hands them over, too.
    """

    __slots__ = ("_plain", "_requests", "_rubble")

    def __init__(self, plain: Projection[Message]) -> None:
        self._plain = plain
        self._requests = RequestStory()
        self._rubble = RubbleStory(PREFIX)

    def project(self, sender: Side, message: Message, at: datetime) -> Iterable[Projected]:
        # What happened is told here, and only here.
        said: list[Projected] = [
            each for each in self._plain.project(sender, message, at) if not isinstance(each, Event)
        ]
        if sender is Side.HEADEND:
            said += self._requests.request(message, at)
        else:
            said += self._requests.reply(message, at)
        return said

    def garbled(self, sender: Side, item: Undecodable, at: datetime) -> Iterable[Projected]:
        return self._rubble.tell(item, at) if sender is Side.HEADEND else ()
