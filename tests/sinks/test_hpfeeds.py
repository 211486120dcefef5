"""hpfeeds over real connections."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mitmeter.errors import SinkError
from mitmeter.model import Secret
from mitmeter.sinks.choice import Choice
from mitmeter.sinks.hpfeeds import HpfeedsPlan, HpfeedsSink, field, message
from mitmeter.sinks.shape import Shape
from mitmeter.sinks.sink import Accepted, Occurrence
from mitmeter.store import Batch, Store
from tests.sinks.hpfeeds_broker import HpfeedsBroker, hpfeeds_broker
from tests.sinks.sinkkit import event, forward, noted, until
from tests.sinks.test_event_file import LOOK

SHAPE = Shape("attic-pi")


def sink_for(broker: HpfeedsBroker, secret: str = "example-secret") -> HpfeedsSink:
    plan = HpfeedsPlan("127.0.0.1", broker.port, "mitmeter", Secret(secret), timeout=1.0)
    return HpfeedsSink(plan, SHAPE)


def happened(number: int) -> list[Occurrence]:
    return [Occurrence(number, event(number))]


def test_a_message_is_its_length_its_kind_and_its_fields() -> None:
    assert message(3, field("me"), field("ch"), b"{}") == b"\0\0\0\x0d\x03\x02me\x02ch{}"


async def test_events_are_published_as_flat_json_after_logging_in_once() -> None:
    async with hpfeeds_broker() as broker:
        sink = sink_for(broker)
        await sink.open(LOOK)
        assert await sink.events(happened(1)) == Accepted()
        assert await sink.events(happened(2)) == Accepted()
        await until(lambda: len(broker.published) == 2)
        await sink.close()
    assert broker.logins == 1
    assert [channel for channel, _ in broker.published] == ["mitmeter.events"] * 2
    said = json.loads(broker.published[0][1])
    assert (said["message"], said["sensor"]) == ("event 1", "attic-pi")


async def test_a_wrong_secret_is_told_with_the_brokers_words() -> None:
    async with hpfeeds_broker() as broker:
        sink = sink_for(broker, "wrong")
        await sink.open(LOOK)
        with pytest.raises(SinkError, match=r"127\.0\.0\.1:\d+: accessfail\."):
            await sink.events(happened(1))
        await sink.close()
    assert broker.published == []


async def test_a_peer_that_does_not_greet_is_given_up() -> None:
    async with hpfeeds_broker() as broker:
        broker.greets = False
        sink = sink_for(broker)
        await sink.open(LOOK)
        with pytest.raises(SinkError, match="no hpfeeds greeting within 1 s"):
            await sink.events(happened(1))
        await sink.close()


async def test_after_the_broker_hung_up_the_next_events_make_a_new_connection(
    tmp_path: Path,
) -> None:
    async with hpfeeds_broker() as broker:
        with Store.open(tmp_path / "store.db") as store:
            store.apply(Batch("", events=[noted(event(1))]))
            choice = Choice(readings=False, events=True)
            forwarder = forward(tmp_path, sink_for(broker), choice)
            forwarder.start()
            await until(lambda: len(broker.published) == 1)
            broker.hang_up()
            store.apply(Batch("", events=[noted(event(2))]))
            await until(lambda: len(broker.published) == 2)
            await forwarder.stop()
    assert broker.logins == 2
