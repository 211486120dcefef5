"""What a Glow display and its cloud say to each other, as values.

Over HTTPS: `POST /zb02` with a reading or a tariff, and the reply. Over the local MQTT of newer
firmware: PUBLISH packets, from the display only. Bodies are kept as sent and read on arrival, so
encoding gives back what was decoded and nothing a newer firmware adds is lost.
Source: fact sheet §2, §4, §6, §9 [O].
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mitmeter.devices.glow.jsontext import Members, parse_object
from mitmeter.wire.http import Headers

PATH = "/zb02"
PRICE_MARK = "EPRICE:"


@dataclass(frozen=True, slots=True)
class MeterReport:
    """`POST /zb02` with a JSON object: the meters' clusters, reception, firmware.

    headers: names as sent, in order; X-ID says who, X-TS when, in hexadecimal Unix seconds.
    body:    as sent. Raises JsonError when it is no JSON object.
    """

    headers: Headers
    body: str
    target: str = PATH
    version: str = "1.1"
    members: Members = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", parse_object(self.body))


@dataclass(frozen=True, slots=True)
class Prices:
    """`POST /zb02` with the lines `EPRICE:` and `ESTDCHG:`: the tariff the meter holds."""

    headers: Headers
    body: str
    target: str = PATH
    version: str = "1.1"


@dataclass(frozen=True, slots=True)
class Request:
    """Any other request: another path or method, or a body that is neither of the above.

    problem: why it is none of them, in words.
    """

    method: str
    target: str
    headers: Headers
    body: bytes = field(repr=False)
    problem: str
    version: str = "1.1"


@dataclass(frozen=True, slots=True)
class Expecting:
    """The head of a request whose sender waits for `100 Continue` before it sends the body.

    Has no bytes of its own: the request itself follows as a message with all of them.
    """

    target: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The head-end's answer. `200` acknowledges; `CURPRICE` also asks for the tariff."""

    status: int
    body: str
    headers: Headers
    reason: str = "OK"
    version: str = "1.1"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an MQTT packet came. quality: 0, 1 or 2. packet_id: 0 at quality 0.

    retained: the broker kept it from earlier: what it says was true once.
    """

    quality: int = 0
    retained: bool = False
    duplicate: bool = False
    packet_id: int = 0


AT_MOST_ONCE = Delivery()


@dataclass(frozen=True, slots=True)
class _Published:
    """A JSON object under a topic. Raises JsonError when the body is none."""

    topic: str
    body: str
    delivery: Delivery = AT_MOST_ONCE
    members: Members = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", parse_object(self.body))


@dataclass(frozen=True, slots=True)
class MqttReading(_Published):
    """`<prefix>/<MAC>/SENSOR/…`: one meter, or one room sensor."""


@dataclass(frozen=True, slots=True)
class MqttState(_Published):
    """`<prefix>/<MAC>/STATE`: firmware, addresses, reception."""


@dataclass(frozen=True, slots=True)
class MqttOther:
    """A packet under a topic nobody has described, or without a JSON object."""

    topic: str
    body: bytes = field(repr=False)
    problem: str
    delivery: Delivery = AT_MOST_ONCE


Message = MeterReport | Prices | Request | Expecting | Reply | MqttReading | MqttState | MqttOther
