"""The forwarder: every row arrives, in order; only confirmed rows count; faults stay inside."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from mitmeter.errors import SinkError
from mitmeter.model import Reading, Severity
from mitmeter.sinks.choice import Choice
from mitmeter.sinks.course import Pace
from mitmeter.sinks.resume import Now
from mitmeter.sinks.sink import Accepted, Later, Look, Occurrence, Outcome, Refused
from mitmeter.sinks.state import SinkState, Stream
from mitmeter.sinks.status import State, recorded
from mitmeter.store import Batch, Store
from tests.sinks.sinkkit import (
    NOON,
    Recorder,
    Told,
    add,
    conversation,
    event,
    forward,
    make_store,
    moments,
    noted,
    reading,
    until,
    until_status,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with make_store(tmp_path / "store.db") as made:
        yield made


def tenths(numbers: Sequence[int] | range) -> list[Decimal]:
    return [Decimal(each) / 10 for each in numbers]


def ask(folder: Path, **request: object) -> None:
    state = SinkState.open(folder / "sinks" / "there.db")
    state.ask(dict(request))
    state.close()


def cursor(folder: Path, stream: Stream = Stream.READINGS) -> int:
    state = SinkState.open(folder / "sinks" / "there.db", read_only=True)
    try:
        mark = state.mark(stream)
        return 0 if mark is None else mark.cursor
    finally:
        state.close()


async def test_everything_arrives_in_the_stores_order_and_then_what_is_new(
    tmp_path: Path, store: Store
) -> None:
    add(store, range(250))
    sink = Recorder()
    forwarder = forward(tmp_path, sink)
    forwarder.start()
    await until(lambda: len(sink.got) == 250)
    add(store, [250])
    await until(lambda: len(sink.got) == 251)
    await forwarder.stop()
    assert sink.values == tenths(range(251))
    assert sink.batches == [100, 100, 50, 1]
    assert (sink.opened, sink.closed) == (1, 1)


async def test_a_sink_goes_on_where_it_was_after_a_restart(tmp_path: Path, store: Store) -> None:
    add(store, range(30))
    first, second = Recorder(), Recorder()
    for sink, upto in ((first, 30), (second, 40)):
        forwarder = forward(tmp_path, sink)
        forwarder.start()
        await until_status(forwarder, tmp_path, lambda status: status.state == "live")
        await forwarder.stop()
        add(store, range(upto, upto + 10))
    assert first.values == tenths(range(30))
    assert second.values == tenths(range(30, 40))


async def test_the_cursor_moves_only_when_the_destination_has_confirmed(
    tmp_path: Path, store: Store
) -> None:
    add(store, range(10))
    sink = Recorder()
    sink.gate = asyncio.Event()
    forwarder = forward(tmp_path, sink)
    forwarder.start()
    await until(lambda: sink.batches == [10])
    assert cursor(tmp_path) == 0
    sink.gate.set()
    await until(lambda: cursor(tmp_path) == store.tail(0)[-1].cursor)
    await forwarder.stop()


async def test_stopping_gives_up_a_destination_that_does_not_answer_and_sends_the_batch_later(
    tmp_path: Path, store: Store
) -> None:
    add(store, range(10))
    deaf = Recorder()
    deaf.gate = asyncio.Event()
    forwarder = forward(tmp_path, deaf, pace=Pace(batch=100, every=0.01, grace=0.05))
    forwarder.start()
    await until(lambda: deaf.batches == [10])
    began = time.monotonic()
    await forwarder.stop()
    assert time.monotonic() - began < 2
    assert deaf.closed == 1
    assert cursor(tmp_path) == 0
    other = Recorder()
    forwarder = forward(tmp_path, other)
    forwarder.start()
    await until(lambda: len(other.got) == 10)
    await forwarder.stop()


async def test_a_batch_under_way_at_the_end_may_still_be_confirmed(
    tmp_path: Path, store: Store
) -> None:
    add(store, range(10))
    sink = Recorder()
    sink.gate = asyncio.Event()
    forwarder = forward(tmp_path, sink)
    forwarder.start()
    await until(lambda: sink.batches == [10])
    stopping = asyncio.create_task(forwarder.stop())
    await asyncio.sleep(0)
    sink.gate.set()
    await stopping
    assert cursor(tmp_path) == store.tail(0)[-1].cursor


async def test_an_outage_is_waited_for_told_once_and_lost_nothing(
    tmp_path: Path, store: Store
) -> None:
    add(store, range(20))
    down = True
    told = Told()

    def answer(batch: Sequence[object]) -> Outcome:
        if down:
            raise SinkError("192.0.2.5:8086: connection refused")
        return Accepted()

    sink = Recorder(answer)
    forwarder = forward(tmp_path, sink, tell=told)
    forwarder.start()
    await until(lambda: len(sink.batches) >= 8)
    status = await until_status(forwarder, tmp_path, lambda each: each.state == State.WAITING)
    assert status.reason == "192.0.2.5:8086: connection refused"
    assert status.behind == 20
    assert status.waiting == 86_400  # the kit's clock is a day after the first reading
    assert told.ids == ["mitmeter.sink.failing"]
    down = False
    forwarder.nudge()
    await until(lambda: len(sink.got) == 20)
    status = await until_status(forwarder, tmp_path, lambda each: each.state == State.LIVE)
    await forwarder.stop()
    assert (status.behind, status.waiting, status.reason) == (0, 0, "")
    assert told.ids == ["mitmeter.sink.failing", "mitmeter.sink.recovered"]
    assert sink.values == tenths(range(20))


async def test_what_the_destination_asks_for_is_waited(tmp_path: Path, store: Store) -> None:
    add(store, range(1))
    times: list[float] = []

    def answer(batch: Sequence[object]) -> Outcome:
        times.append(time.monotonic())
        return Later("HTTP 429", 0.4) if len(times) == 1 else Accepted()

    forwarder = forward(tmp_path, Recorder(answer))
    forwarder.start()
    await until(lambda: len(times) == 2)
    await forwarder.stop()
    assert times[1] - times[0] >= 0.4


async def test_a_nudge_ends_a_long_wait(tmp_path: Path, store: Store) -> None:
    add(store, range(1))
    sink = Recorder(lambda batch: Later("busy", 3000) if len(sink.batches) == 1 else Accepted())
    forwarder = forward(tmp_path, sink)
    forwarder.start()
    await until_status(forwarder, tmp_path, lambda each: each.state == State.WAITING)
    forwarder.nudge()
    await until(lambda: len(sink.got) == 1)
    await forwarder.stop()


async def test_stopping_ends_a_long_wait(tmp_path: Path, store: Store) -> None:
    add(store, range(1))
    forwarder = forward(tmp_path, Recorder(lambda batch: Later("busy", 3000)))
    forwarder.start()
    await until_status(forwarder, tmp_path, lambda each: each.state == State.WAITING)
    began = time.monotonic()
    await forwarder.stop()
    assert time.monotonic() - began < 0.9
    with Store.open(tmp_path / "store.db", read_only=True) as held:
        status = recorded(tmp_path / "sinks" / "there.db", held, NOON)
    assert (status.state, status.kind, status.behind) == (State.STOPPED, "recorder", 1)


async def test_only_the_bad_rows_of_a_refused_batch_die_with_the_reason(
    tmp_path: Path, store: Store
) -> None:
    add(store, range(100))
    told = Told()

    def answer(batch: Sequence[object]) -> Outcome:
        bad = any(isinstance(each, Reading) and each.value == Decimal("4.2") for each in batch)
        return Refused("field type conflict\n\x1b[31m") if bad else Accepted()

    sink = Recorder(answer)
    forwarder = forward(tmp_path, sink, tell=told)
    forwarder.start()
    status = await until_status(forwarder, tmp_path, lambda each: each.dead == 1)
    await forwarder.stop()
    assert (status.sent, status.refused) == (99, 1)
    assert sink.values == tenths([each for each in range(100) if each != 42])
    state = SinkState.open(tmp_path / "sinks" / "there.db")
    (dead,) = state.dead()
    assert dead.reason == "field type conflict\\n\\x1b[31m"
    assert '"value": "4.2"' in dead.row
    state.close()
    assert told.heard[0][0] == "mitmeter.sink.refused"
    assert told.heard[0][1] is Severity.WARNING


async def test_dead_letters_are_sent_again_when_somebody_asks(tmp_path: Path, store: Store) -> None:
    add(store, range(10))
    strict = True
    sink = Recorder(lambda batch: Refused("no") if strict else Accepted())
    forwarder = forward(tmp_path, sink)
    forwarder.start()
    await until_status(forwarder, tmp_path, lambda each: each.dead == 10)
    strict = False
    ask(tmp_path, do="retry")
    forwarder.nudge()
    status = await until_status(forwarder, tmp_path, lambda each: each.dead == 0)
    await forwarder.stop()
    assert sink.values == tenths(range(10))
    assert (status.sent, status.refused) == (10, 10)


async def test_rows_refused_again_stay_and_are_tried_once_per_request(
    tmp_path: Path, store: Store
) -> None:
    add(store, range(4))
    sink = Recorder(lambda batch: Refused("no"))
    forwarder = forward(tmp_path, sink)
    forwarder.start()
    await until_status(forwarder, tmp_path, lambda each: each.dead == 4)
    before = len(sink.batches)
    ask(tmp_path, do="retry")
    forwarder.nudge()
    await until(lambda: len(sink.batches) >= before * 2)
    await until_status(forwarder, tmp_path, lambda each: each.dead == 4 and each.state == "live")
    await forwarder.stop()
    assert len(sink.batches) == before * 2


async def test_too_many_dead_letters_stop_the_sink_until_they_are_forgotten(
    tmp_path: Path, store: Store
) -> None:
    add(store, range(30))
    told = Told()
    sink = Recorder(lambda batch: Refused("no"))
    pace = Pace(batch=10, every=0.01, first=0.01, most=0.05, dead=10)
    forwarder = forward(tmp_path, sink, pace=pace, tell=told)
    forwarder.start()
    status = await until_status(forwarder, tmp_path, lambda each: each.state == State.STUCK)
    assert (status.dead, status.behind) == (10, 20)
    assert told.ids == ["mitmeter.sink.refused", "mitmeter.sink.stuck"]
    sink.answer = lambda batch: Accepted()
    ask(tmp_path, do="forget")
    forwarder.nudge()
    status = await until_status(forwarder, tmp_path, lambda each: each.state == State.LIVE)
    await forwarder.stop()
    assert status.dead == 10  # the batch that was refused while it was stuck
    assert sink.values == tenths(range(20, 30))


async def test_a_sink_that_raises_is_counted_and_tried_again(tmp_path: Path, store: Store) -> None:
    add(store, range(10))

    def answer(batch: Sequence[object]) -> Outcome:
        if len(sink.batches) < 4:
            raise ZeroDivisionError("oops")
        return Accepted()

    sink = Recorder(answer)
    forwarder = forward(tmp_path, sink)
    forwarder.start()
    status = await until_status(forwarder, tmp_path, lambda each: each.state == State.LIVE)
    await forwarder.stop()
    assert (status.faults, status.dead, len(sink.got)) == (3, 0, 10)


async def test_one_row_that_breaks_the_sink_does_not_hold_up_the_others(
    tmp_path: Path, store: Store
) -> None:
    add(store, range(10))

    def answer(batch: Sequence[object]) -> Outcome:
        for each in batch:
            if isinstance(each, Reading) and each.value == Decimal("0.7"):
                raise KeyError("seven")
        return Accepted()

    sink = Recorder(answer)
    forwarder = forward(tmp_path, sink)
    forwarder.start()
    status = await until_status(forwarder, tmp_path, lambda each: each.state == State.LIVE)
    await forwarder.stop()
    assert status.dead == 1
    assert sink.values == tenths([each for each in range(10) if each != 7])


async def test_a_sink_that_cannot_open_is_opened_again_until_it_can(
    tmp_path: Path, store: Store
) -> None:
    add(store, range(1))

    class Shy(Recorder):
        async def open(self, look: Look) -> None:
            await super().open(look)
            if self.opened < 3:
                raise SinkError("not yet")
            assert await look(lambda store: len(store.devices())) == 1

    sink = Shy()
    forwarder = forward(tmp_path, sink)
    forwarder.start()
    await until(lambda: len(sink.got) == 1)
    await forwarder.stop()
    assert (sink.opened, sink.closed) == (3, 1)


async def test_a_store_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    sink = Recorder()
    forwarder = forward(tmp_path, sink)
    forwarder.start()
    await asyncio.sleep(0.05)
    with make_store(tmp_path / "store.db", 3):
        await until(lambda: len(sink.got) == 3)
    await forwarder.stop()


async def test_a_destination_that_forgot_is_sent_again_what_was_young(
    tmp_path: Path, store: Store
) -> None:
    add(store, range(10))
    answers: list[Outcome] = [Accepted(anew=True), Accepted(), Accepted(anew=True), Accepted()]
    sink = Recorder(lambda batch: answers.pop(0) if answers else Accepted(), settles=3600)
    forwarder = forward(tmp_path, sink)
    forwarder.start()
    await until_status(forwarder, tmp_path, lambda each: each.state == "live")
    add(store, range(10, 20))
    await until(lambda: len(sink.got) == 20)
    assert cursor(tmp_path) == 0  # nothing is known to be safe yet
    add(store, range(20, 30))  # its answer says that the connection is another
    await until_status(forwarder, tmp_path, lambda each: each.sent >= 50 and each.state == "live")
    await forwarder.stop()
    assert sink.values[30:] == tenths(range(30))


async def test_only_chosen_quantities_are_sent_and_the_rest_is_done_with(
    tmp_path: Path, store: Store
) -> None:
    mixed = [reading(n, quantity=q) for n in range(5) for q in ("grid.power", "battery.soc")]
    store.apply(Batch("", moments=moments(mixed)))
    sink = Recorder()
    forwarder = forward(tmp_path, sink, Choice(quantities=("grid.*",)))
    forwarder.start()
    status = await until_status(
        forwarder, tmp_path, lambda each: each.state == "live" and each.sent == 5
    )
    await forwarder.stop()
    assert {each.quantity for each in sink.got if isinstance(each, Reading)} == {"grid.power"}
    assert status.behind == 0


async def test_events_come_by_the_same_door_with_whom_they_were_with(
    tmp_path: Path, store: Store
) -> None:
    add(store, range(2))
    events = [
        noted(event(1)),
        noted(event(2, "mitmeter.other", severity=Severity.ALARM)),
        noted(event(3, severity=Severity.WARNING), talk=""),
    ]
    store.apply(Batch("", opened=[conversation()], events=events))
    sink = Recorder()
    choice = Choice(readings=False, events=True, eventids=("mitmeter.alphaess",))
    forwarder = forward(tmp_path, sink, choice)
    forwarder.start()
    await until(lambda: len(sink.got) == 2)
    await forwarder.stop()
    first, second = (each for each in sink.got if isinstance(each, Occurrence))
    assert (first.peer, first.protocol, first.role) == ("192.0.2.7:40000", "alphaess", "trap")
    assert (second.event.severity, second.peer) == (Severity.WARNING, "")


async def test_events_below_the_severity_are_not_sent(tmp_path: Path, store: Store) -> None:
    events = [noted(event(n, severity=each)) for n, each in enumerate(Severity)]
    store.apply(Batch("", events=events))
    sink = Recorder()
    choice = Choice(readings=False, events=True, severity=Severity.WARNING)
    forwarder = forward(tmp_path, sink, choice)
    forwarder.start()
    await until(lambda: len(sink.got) == 2)
    await forwarder.stop()


async def test_a_sink_from_now_on_is_not_sent_the_past_also_after_a_restart(
    tmp_path: Path, store: Store
) -> None:
    add(store, range(50))
    sink = Recorder()
    for number in (50, 51):
        forwarder = forward(tmp_path, sink, Choice(start=Now()))
        forwarder.start()
        await until_status(forwarder, tmp_path, lambda each: each.state == "live")
        await forwarder.stop()
        add(store, [number])
    assert sink.values == tenths([50])


async def test_everything_is_sent_again_when_somebody_asks(tmp_path: Path, store: Store) -> None:
    add(store, range(10))
    sink = Recorder()
    forwarder = forward(tmp_path, sink)
    forwarder.start()
    await until(lambda: len(sink.got) == 10)
    from_noon_and_a_minute = int(NOON.timestamp() * 1e6) + 60_000_000
    ask(tmp_path, do="resend", since=from_noon_and_a_minute)
    forwarder.nudge()
    await until(lambda: len(sink.got) == 14)
    ask(tmp_path, do="resend", since=None)
    forwarder.nudge()
    await until(lambda: len(sink.got) == 24)
    await forwarder.stop()
    assert sink.values == tenths([*range(10), *range(6, 10), *range(10)])


async def test_a_broken_or_deaf_sink_does_not_hold_up_another(tmp_path: Path, store: Store) -> None:
    add(store, range(300))
    deaf, broken, well = Recorder(), Recorder(lambda batch: 1 // 0), Recorder()  # type: ignore[arg-type, return-value]  # breaks
    deaf.gate = asyncio.Event()
    forwarders = [
        forward(tmp_path, sink, name=name)
        for name, sink in (("deaf", deaf), ("broken", broken), ("well", well))
    ]
    for each in forwarders:
        each.start()
    await until(lambda: len(well.got) == 300)
    deaf.gate.set()
    await asyncio.gather(*(each.stop() for each in forwarders))


async def test_at_most_two_batches_are_read_while_the_destination_is_slow(
    tmp_path: Path, store: Store
) -> None:
    add(store, range(1000))
    sink = Recorder()
    sink.gate = asyncio.Event()
    reads: list[int] = []
    original = Store.tail

    def counted(self: Store, cursor: int, limit: int = 1000) -> object:
        reads.append(limit)
        return original(self, cursor, limit)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "tail", counted)
        forwarder = forward(tmp_path, sink)
        forwarder.start()
        await until(lambda: reads.count(100) == 2)
        await asyncio.sleep(0.1)
        assert reads.count(100) == 2
        sink.gate.set()
        await until(lambda: len(sink.got) == 1000)
        await forwarder.stop()
