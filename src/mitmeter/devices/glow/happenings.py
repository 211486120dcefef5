"""Messages → events: what requests nobody has described, tariffs and answers tell, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from mitmeter.devices.glow.identity import UNNAMED
from mitmeter.devices.glow.messages import MqttOther, Prices, Reply, Request
from mitmeter.devices.glow.metered import MOST_TEXT, Known
from mitmeter.devices.glow.pricing import Tariff, Unreadable, currency_words
from mitmeter.devices.glow.telling import tell_fact
from mitmeter.devices.glow.told import Said, Teller
from mitmeter.model import DeviceId, Event, Fact, Field, Severity, printable

ACKNOWLEDGED = "200"
CURRENT_PRICE = "CURPRICE"

# When a display was asked for its tariff, and when it told one: for whoever asks next.
PRICES_ASKED = "prices.asked"
PRICES_RECEIVED = "prices.received"

_SHOWN_HEX = 32
_MOST_KINDS = 32


class Unknown:
    """Tells of what nobody has described: once per kind, then with every doubling."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def request(self, message: Request, device: DeviceId | None, at: datetime) -> Iterator[Event]:
        path = printable(message.target.partition("?")[0], 100)
        method = printable(message.method, 20)
        count = self._count(f"{method} {path} {message.problem[:40]}")
        if count:
            fields: dict[str, Field] = {
                "method": method,
                "path": path,
                "size": len(message.body),
                "problem": printable(message.problem),
                "body_hex": message.body[:_SHOWN_HEX].hex(),
                "count": count,
            }
            text = f"{method} {path}: {printable(message.problem)}"
            yield Event("mitmeter.glow.request.unknown", at, text, Severity.WARNING, device, fields)

    def topic(self, message: MqttOther, device: DeviceId | None, at: datetime) -> Iterator[Event]:
        topic, problem = printable(message.topic, 100), printable(message.problem)
        count = self._count(f"{topic} {problem[:40]}")
        if count:
            fields: dict[str, Field] = {
                "topic": topic,
                "size": len(message.body),
                "problem": problem,
                "count": count,
            }
            text = f"{topic}: {problem}"
            yield Event("mitmeter.glow.topic.unknown", at, text, Severity.NOTICE, device, fields)

    def crowd(self, most: int, at: datetime) -> Iterator[Event]:
        count = self._count("crowd")
        if count:
            text = f"more than {most} displays on one connection: the others are not read"
            fields: dict[str, Field] = {"count": count}
            yield Event("mitmeter.glow.crowd", at, text, Severity.WARNING, None, fields)

    def _count(self, kind: str) -> int:
        """Count one more of a kind; return the count when it is to be told, else 0."""
        counts = self._counts
        if kind not in counts and len(counts) >= _MOST_KINDS:
            kind = "any other"
        count = counts[kind] = counts.get(kind, 0) + 1
        return count if count & (count - 1) == 0 else 0


def unnamed(at: datetime) -> Event:
    text = "a display that does not say who it is; its readings go under glow:unnamed"
    return Event("mitmeter.glow.unnamed", at, text, Severity.WARNING, UNNAMED)


def clock_unset(seconds: int, teller: Teller) -> Event:
    text = (
        f"the display's clock has not been set (it says {seconds} s after 1970): it needs NTP;"
        " its readings get the time they were received"
    )
    return teller.event("clock.unset", text, Severity.NOTICE, {"device_seconds": seconds})


# --- tariffs ---


def prices_received(teller: Teller) -> Fact:
    return Fact(teller.device, PRICES_RECEIVED, teller.at.isoformat(), private=True)


def unreadable_prices(found: Unreadable, message: Prices, teller: Teller) -> Event:
    text = f"a tariff that cannot be read: {found.reason}"
    fields: dict[str, Field] = {"reason": found.reason, "body": printable(message.body, 400)}
    return teller.event("prices.unreadable", text, Severity.WARNING, fields)


def tell_tariff(tariff: Tariff, teller: Teller, said: list[Said]) -> None:
    """Tell what a tariff costs, what else it says, and what nobody believes of it."""
    if tariff.price is not None:
        said.append(teller.reading("price.import", tariff.price))
    if tariff.standing is not None:
        said.append(teller.reading("price.standing", tariff.standing))
    for name, state in _states(tariff):
        if teller.changed(f"vendor.glow.price.{name}", state):
            said.append(teller.reading(f"vendor.glow.price.{name}", state))
    if label := printable(tariff.label, MOST_TEXT):
        tell_fact(Known("tariff", label, private=False), teller, said)
    if tariff.currency is not None:
        words = currency_words(tariff.currency)
        tell_fact(Known("currency", words, private=False), teller, said)
    if tariff.digits_assumed and teller.first("price digits"):
        text = "the tariff does not tell its decimals: hundredths of a penny assumed"
        said.append(teller.event("prices.digits", text, Severity.WARNING))
    for words in tariff.refused:
        if teller.first(f"price {words}"):
            said.append(teller.event("prices.absurd", f"{words}: not taken", Severity.WARNING))


def _states(tariff: Tariff) -> Iterator[tuple[str, Decimal | str]]:
    if tariff.tier is not None:
        yield "tier", Decimal(tariff.tier)
    if tariff.start is not None:
        yield "start", tariff.start.isoformat()
    if tariff.duration is not None:
        yield "duration_minutes", Decimal(tariff.duration)
    for name, number in tariff.numbers:
        yield name, Decimal(number)


# --- answers ---


def reply(message: Reply, teller: Teller) -> Iterator[Said]:
    """Tell of an answer that does more than acknowledge."""
    body = message.body.strip()
    if message.status != 200:
        text = f"the head-end answered {message.status} {printable(message.reason, 60)}"
        if teller.first(text):
            yield teller.event("refused", text, Severity.WARNING, {"status": message.status})
    elif body == CURRENT_PRICE:
        yield Fact(teller.device, PRICES_ASKED, teller.at.isoformat(), private=True)
    elif body != ACKNOWLEDGED and teller.first(f"reply {body[:60]}"):
        # Other command words may exist; what they do is unknown [U].
        shown = printable(body, 200)
        text = f"the head-end answered {shown!r}, which has never been described"
        yield teller.event("command.unknown", text, Severity.WARNING, {"body": shown})
