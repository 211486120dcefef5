"""Tariffs, answers and requests nobody has described → readings, events and facts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from mitmeter.devices.glow.messages import MqttOther, Request
from mitmeter.model import Event, Side
from tests.devices.glow.glow_sayings import (
    HEARD,
    NOON,
    Tap,
    body_of,
    members_of,
    prices,
    reply,
    report,
    told,
)

G5 = body_of("G5")


# --- tariffs


def test_a_tariff_tells_price_and_standing_charge_at_the_displays_own_time() -> None:
    said = told(prices(G5))
    assert said.catalogued == {
        "price.import": Decimal("0.2500"),
        "price.standing": Decimal("0.4800"),
    }
    assert said.values["vendor.glow.price.start"] == "2024-01-01T00:00:00+00:00"
    assert {each.reported for each in said.readings} == {NOON + timedelta(seconds=7)}
    assert said.facts["tariff"] == "STANDARD"
    assert said.facts["currency"] == "GBP"
    assert said.events == []


@pytest.mark.parametrize("body", ["EPRICE:", "EPRICE:no,sense", "EPRICE:" + "," * 5000, G5[:60]])
def test_a_tariff_that_makes_no_sense_is_an_event_and_still_counts_as_heard(body: str) -> None:
    said = told(prices(body))
    assert said.readings == []
    assert said.events == ["prices.unreadable"]
    assert said.facts["prices.received"] == HEARD.isoformat()


def test_prices_nobody_pays_are_refused_and_said() -> None:
    said = told(prices(G5.replace("000009C4", "000061A8").replace("000012C0", "0FFFFFFF")))
    assert "price.import" not in said.values
    assert "price.standing" not in said.values
    assert said.events == ["prices.absurd", "prices.absurd"]


# --- answers and unknown requests


def test_that_a_display_was_asked_for_its_tariff_is_remembered() -> None:
    tap = Tap()
    tap.hears(report(members_of("G1")))
    said = tap.hears(reply("CURPRICE"), HEARD, Side.HEADEND)
    assert said.facts == {"prices.asked": HEARD.isoformat()}
    assert said.private == {"prices.asked"}
    assert tap.hears(reply("200"), HEARD, Side.HEADEND).said == []


@pytest.mark.parametrize(
    ("answer", "event"),
    [(reply("UPDATE"), "command.unknown"), (reply("<html>", 500), "refused")],
)
def test_an_answer_nobody_has_described_is_an_event_once(answer: Any, event: str) -> None:
    tap = Tap()
    tap.hears(report(members_of("G1")))
    assert tap.hears(answer, HEARD, Side.HEADEND).events == [event]
    assert tap.hears(answer, HEARD, Side.HEADEND).events == []


def test_what_answers_a_strangers_request_is_not_worth_an_event() -> None:
    tap = Tap()
    tap.hears(Request("GET", "/", (), b"", "a path other than /zb02"))
    assert tap.hears(reply("", 404), HEARD, Side.HEADEND).events == []


def test_requests_nobody_has_described_are_told_at_each_doubling() -> None:
    tap = Tap()
    request = Request("GET", "/firmware?x=1", (), b"", "a path other than /zb02")
    events = [event for _ in range(100) for event in tap.hears(request).of(Event)]
    assert [event.fields["count"] for event in events] == [1, 2, 4, 8, 16, 32, 64]
    assert events[0].message == "GET /firmware: a path other than /zb02"


def test_a_scanner_with_ever_new_paths_is_bounded() -> None:
    tap = Tap()
    events = [
        event
        for n in range(1000)
        for event in tap.hears(Request("GET", f"/{n}", (), b"", "a path other")).of(Event)
    ]
    assert len(events) < 50


def test_an_unknown_topic_is_told_once() -> None:
    tap = Tap()
    message = MqttOther("glow/02005E302010/LWT", b"Online", "a topic that has never been described")
    assert tap.hears(message).events == ["topic.unknown"]
    assert tap.hears(message).events == ["topic.unknown"], "the second time is a doubling"
    assert tap.hears(message).events == []
