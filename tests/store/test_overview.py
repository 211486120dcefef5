from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from mitmeter.model import Event, Fact, Severity
from mitmeter.store import Batch, Closed, Known, Noted, RecordedConversation, RecordedEvent, Store
from tests.store.storekit import (
    BATTERY,
    HUB,
    NOON,
    TALK,
    conversation,
    live,
    moment,
    seconds,
    status,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db") as opened:
        yield opened


def event(number: int, eventid: str, severity: Severity = Severity.INFO) -> Event:
    return Event(eventid, NOON + seconds(number), f"number {number}", severity, BATTERY)


def test_an_event_comes_back_whole_with_where_it_came_from(store: Store) -> None:
    happened = Event(
        "mitmeter.alphaess.login",
        NOON,
        "battery logged in",
        Severity.NOTICE,
        BATTERY,
        {"user": "AL\ud800", "count": 3, "ok": True, "codes": (41, 42), "names": ("a", "b")},
    )
    store.apply(Batch("1:1", events=[Noted(happened, "battery", TALK, f"{TALK}/2")]))
    (recorded,) = store.events()
    assert recorded.event == happened
    assert (recorded.station, recorded.conversation, recorded.source) == (
        "battery",
        TALK,
        f"{TALK}/2",
    )


def test_an_event_of_a_conversation_without_a_chunk_and_one_of_neither(store: Store) -> None:
    both = [Noted(event(1, "a"), conversation=TALK), Noted(Event("b", NOON, "started"))]
    store.apply(Batch("1:1", events=both))
    assert [(each.conversation, each.source) for each in store.events()] == [("", ""), (TALK, "")]


def test_events_are_narrowed_by_time_device_id_and_severity(store: Store) -> None:
    store.apply(
        Batch(
            "1:1",
            events=[
                Noted(event(1, "mitmeter.clock.jumped", Severity.NOTICE)),
                Noted(event(2, "mitmeter.clock.unset", Severity.ALARM)),
                Noted(event(3, "mitmeter.alphaess.login")),
                Noted(Event("mitmeter.started", NOON + seconds(4), "started")),
            ],
        )
    )

    def numbers(found: list[RecordedEvent]) -> list[int]:
        return [each.number for each in found]

    assert numbers(store.events()) == [1, 2, 3, 4]
    assert numbers(store.events(eventid="mitmeter.clock.")) == [1, 2]
    assert numbers(store.events(severity=Severity.NOTICE)) == [1, 2]
    assert numbers(store.events(severity=Severity.ALARM)) == [2]
    assert numbers(store.events(device=BATTERY)) == [1, 2, 3]
    assert numbers(store.events(device=HUB)) == []
    assert numbers(store.events(since=NOON + seconds(2), until=NOON + seconds(4))) == [2, 3]
    assert numbers(store.events(limit=2)) == [3, 4]


def test_events_can_be_followed_by_number(store: Store) -> None:
    store.apply(Batch("1:1", events=[Noted(event(5, "a")), Noted(event(1, "b"))]))
    first = store.tail_events(0, limit=1)
    assert [each.event.eventid for each in first] == ["a"]
    assert [each.event.eventid for each in store.tail_events(first[0].number)] == ["b"]


def test_a_later_fact_replaces_an_earlier_one(store: Store) -> None:
    store.apply(Batch("1:1", facts=[Known(Fact(BATTERY, "firmware", "1"), NOON)]))
    store.apply(Batch("1:2", facts=[Known(Fact(BATTERY, "firmware", "2"), NOON, f"{TALK}/3")]))
    assert store.fact(BATTERY, "firmware") == "2"
    assert store.facts(BATTERY) == {"firmware": "2"}
    assert store.fact(BATTERY, "model") is None
    assert store.fact(HUB, "firmware") is None
    assert store.facts(HUB) == {}


def test_a_private_fact_is_given_to_who_asks_for_it_but_not_listed(store: Store) -> None:
    facts = [
        Known(Fact(BATTERY, "configuration", '{"Address":"1 Sample Street"}', private=True), NOON),
        Known(Fact(BATTERY, "model", "Smile"), NOON),
    ]
    store.apply(Batch("1:1", facts=facts))
    assert store.fact(BATTERY, "configuration") == '{"Address":"1 Sample Street"}'
    assert store.devices()[0].facts == {"model": "Smile"}


def test_a_device_shows_the_last_skew_of_its_clock(store: Store) -> None:
    skews = [
        moment(live(None, NOON + seconds(each), str(-each), "clock.skew")) for each in (60, 3660)
    ]
    store.apply(Batch("1:1", moments=[*skews, moment(live(None, NOON, device=HUB))]))
    assert {each.device: each.skew for each in store.devices()} == {
        BATTERY: Decimal(-3660),
        HUB: None,
    }


def test_conversations_are_those_open_at_some_time_of_the_span(store: Store) -> None:
    ns = 1_000_000_000
    noon = int(NOON.timestamp()) * ns
    opened = [conversation(f"c{each}", noon + each * 60 * ns) for each in range(3)]
    store.apply(Batch("1:1", opened=opened, closed=[Closed("c0", "bye", noon + 30 * ns)]))

    def names(found: list[RecordedConversation]) -> list[str]:
        return [each.conversation.id for each in found]

    assert names(store.conversations()) == ["c0", "c1", "c2"]
    assert names(store.conversations(since=NOON + seconds(40))) == ["c1", "c2"]
    assert names(store.conversations(until=NOON + seconds(100))) == ["c0", "c1"]
    assert names(store.conversations(station="other")) == []
    assert names(store.conversations(limit=1)) == ["c2"]


def test_a_source_alone_does_not_make_a_conversation(store: Store) -> None:
    store.apply(Batch("1:1", moments=[status(0, source=f"{TALK}/1")]))
    assert store.conversations() == []
