"""The one piece of code that drives every sink: from the store, by a cursor, to its destination.

Reads ahead while a batch is under way, so at most two batches of a stream are in memory. The cursor
is moved when the destination has confirmed, never before: what was sent and not confirmed is sent
again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from mitmeter.errors import MitmeterError, SinkError
from mitmeter.model import Reading
from mitmeter.sinks.choice import Choice
from mitmeter.sinks.course import Course, Pace, Stopping, Tell, shortened
from mitmeter.sinks.delivery import Delivered, deliver
from mitmeter.sinks.reader import Batch, Reader, in_thread
from mitmeter.sinks.resume import begin, go_on
from mitmeter.sinks.rows import occurrence_of, occurrence_row, reading_of, reading_row
from mitmeter.sinks.sink import Accepted, Later, Occurrence, Outcome, Refused, Sink
from mitmeter.sinks.state import Dead, Mark, SinkState, Stream
from mitmeter.sinks.status import SinkStatus, State
from mitmeter.sinks.trail import Trail
from mitmeter.store import Store

# So often our own code may fail on one batch before the batch is taken apart.
_FAULTS = 5
_STUCK_SECONDS = 5.0

Item = Reading | Occurrence


class Forwarder:
    """Serves one sink from `start` to `stop`. Nothing that goes wrong with it gets out.

    store, state: the files. now: the clock that dates readings. chance: for the waits.
    """

    def __init__(
        self,
        name: str,
        sink: Sink,
        choice: Choice,
        pace: Pace,
        *,
        store: Path,
        state: Path,
        now: Callable[[], datetime],
        tell: Tell,
        chance: random.Random | None = None,
    ) -> None:
        self.name = name
        self._sink = sink
        self._choice = choice
        self._pace = pace
        self._course = Course(name, sink.kind, pace, now, tell, chance)
        self._reader = Reader(store, choice)
        self._path = state
        self._opened = False
        self._apart = False
        self._trail = Trail(sink.settles)
        self._go_back = False
        self._running: asyncio.Task[None] | None = None
        self._ahead: dict[Stream, asyncio.Task[Batch]] = {}

    # --- from outside -----------------------------------------------------------------------------

    def start(self) -> None:
        """Begin, in a task of its own."""
        self._running = asyncio.create_task(self._run(), name=f"sink {self.name}")

    async def stop(self) -> None:
        """End: a batch under way may still be confirmed for a moment, none is begun."""
        self._course.stop()
        if self._running is None:
            return
        _, late = await asyncio.wait({self._running}, timeout=self._pace.grace)
        for task in late:
            task.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    def nudge(self) -> None:
        """Look for new rows and requests now; try a destination that failed again now."""
        self._course.nudge()

    def status(self, store: Store) -> SinkStatus:
        """Return how the sink is; reads the store, so it belongs into a thread."""
        return self._course.status(store)

    # --- the work ---------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            while True:
                try:
                    await self._serve()
                except Stopping:
                    raise
                except MitmeterError as exc:
                    await self._course.wait(Later(str(exc)))
                except Exception as exc:  # noqa: BLE001 - one sink's fault is nobody else's
                    await self._course.wait(Later(self._course.fault(exc)))
        except Stopping:
            pass
        finally:
            await self._end()

    async def _serve(self) -> None:
        """Open what is not open yet, then send whatever comes. Raises when that is not possible."""
        state = await self._prepare()
        while True:
            more = False
            await self._requests(state)
            for stream in self._choice.streams:
                self._course.check()
                more |= await self._step(state, stream)
            if not more:
                await self._course.become(State.LIVE)
                await self._course.pause(self._pace.every)

    async def _prepare(self) -> SinkState:
        await self._drop_ahead()
        course = self._course
        state = course.state
        if state is None:
            state = await in_thread(self._open_state)
        course.counts, course.dead = state.counts(), state.dead_count()
        for stream in self._choice.streams:
            held = state.mark(stream)
            mark = await self._reader.look(partial(self._place, stream=stream, held=held))
            course.check()
            await in_thread(state.commit, stream, mark)
            self._place_at(stream, mark)
        if not self._opened:
            await self._sink.open(self._reader.look)
            self._opened = True
        return state

    def _open_state(self) -> SinkState:
        # Kept from here, so that it is closed also when nobody waits for it any more.
        self._course.state = state = SinkState.open(self._path)
        return state

    def _place(self, store: Store, stream: Stream, held: Mark | None) -> Mark:
        """Return where to go on in this store."""
        if held is None:
            return begin(store, stream, self._choice.start)
        course = self._course
        idempotent = self._sink.idempotent
        return go_on(store, stream, held, idempotent=idempotent, stop=lambda: course.stopping)

    def _place_at(self, stream: Stream, mark: Mark) -> None:
        self._course.marks[stream] = mark
        self._trail.begin(stream, mark)

    async def _step(self, state: SinkState, stream: Stream) -> bool:
        """Send one batch; tell whether more is waiting."""
        mark = self._course.marks[stream]
        ahead = self._ahead.pop(stream, None)
        batch = await (ahead or self._reader.next(stream, mark, self._pace.batch))
        if batch.after == mark:
            return False
        if batch.full:
            following = self._reader.next(stream, batch.after, self._pace.batch)
            self._ahead[stream] = asyncio.create_task(following)
            if not self._course.is_waiting:
                await self._course.become(State.CATCHING_UP)
        done = await self._deliver(stream, batch.items)
        if await self._went_back():
            return True
        await self._commit(state, batch, done)
        return batch.full

    async def _deliver(self, stream: Stream, items: Sequence[Item]) -> Delivered:
        self._apart = False
        is_readings = stream is Stream.READINGS
        call: Any = self._sink.readings if is_readings else self._sink.events
        return await deliver(items, partial(self._send, call), self._course.wait)

    async def _send(
        self, call: Callable[[Sequence[Item]], Awaitable[Outcome]], part: Sequence[Item]
    ) -> Outcome:
        """Call the sink; whatever it raises becomes an outcome."""
        try:
            outcome = await call(part)
        except (SinkError, OSError, TimeoutError) as exc:
            return Later(str(exc) or type(exc).__name__)
        except Exception as exc:  # noqa: BLE001 - one sink's fault is nobody else's
            reason = self._course.fault(exc)
            self._apart = self._apart or self._course.failures >= _FAULTS
            return Refused(reason) if self._apart else Later(reason)
        if isinstance(outcome, Accepted):
            # Whatever kept it from answering may have been its end.
            self._go_back = self._go_back or outcome.anew or self._course.failures > 0
            await self._course.worked()
        return outcome

    async def _commit(self, state: SinkState, batch: Batch, done: Delivered) -> None:
        """Write down how far we are. Tried until it works: the batch is not sent again for it."""
        course, when = self._course, self._course.now_micros
        dead = [
            Dead(batch.stream, when, shortened(reason), _row(batch.items[row]))
            for row, reason in sorted(done.dead.items())
        ]
        # Losing what was refused is for a person to say; so is keeping ever more of it.
        while dead and course.dead and course.dead + len(dead) > self._pace.dead:
            await course.stuck()
            await course.pause(_STUCK_SECONDS)
            await self._requests(state, but="resend")
        now = asyncio.get_running_loop().time()
        mark = self._trail.confirmed(batch.stream, batch.after, now)
        commit = partial(state.commit, sent=done.sent, skipped=done.skipped, dead=dead)
        while True:
            try:
                await in_thread(commit, batch.stream, mark, tip=batch.after)
                break
            except SinkError as exc:
                await course.wait(Later(str(exc)))
        course.marks[batch.stream] = batch.after
        course.counts = state.counts()
        if dead:
            course.refused(len(dead), dead[0].reason)

    async def _went_back(self) -> bool:
        """Tell whether rows are sent again, this batch among them, because they may be lost."""
        if not self._go_back:
            return False
        self._go_back = False
        back = self._trail.go_back()
        if back:
            await self._drop_ahead()
            self._course.marks.update(back)
        return bool(back)

    # --- requests of an operator ------------------------------------------------------------------

    async def _requests(self, state: SinkState, but: str = "") -> None:
        for number, request in state.requests():
            if request.get("do") == but:
                continue
            # Taken out first: one that breaks us must not come again for ever.
            await in_thread(state.done, number)
            if request.get("do") == "forget":
                await in_thread(state.forget)
                self._course.dead = 0
            elif request.get("do") == "retry":
                await self._revive(state)
            elif request.get("do") == "resend":
                await self._resend(state, request.get("since"))

    async def _resend(self, state: SinkState, since: int | None) -> None:
        """Begin again. since: in µs since 1970; None is the beginning."""
        await self._drop_ahead()
        identity = await self._reader.look(lambda store: store.identity)
        for stream in self._choice.streams:
            mark = Mark(identity, since=since)
            await in_thread(state.commit, stream, mark)
            self._place_at(stream, mark)

    async def _revive(self, state: SinkState) -> None:
        """Send the refused rows again; what is refused again goes to the end of the line."""
        last, newest = 0, state.newest_dead()
        while found := state.dead(self._pace.batch, last, newest):
            last = found[-1].number
            for stream in Stream:
                part = [each for each in found if each.stream is stream]
                done = await self._deliver(stream, [_item(each) for each in part])
                when = self._course.now_micros
                again = [
                    Dead(stream, when, shortened(reason), part[row].row)
                    for row, reason in done.dead.items()
                ]
                numbers = [each.number for each in part]
                await in_thread(state.revive, numbers, done.sent, done.skipped, again)
        self._course.dead, self._course.counts = state.dead_count(), state.counts()

    # --- the end ----------------------------------------------------------------------------------

    async def _drop_ahead(self) -> None:
        tasks = list(self._ahead.values())
        self._ahead.clear()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _end(self) -> None:
        await self._drop_ahead()
        try:
            await self._sink.close()
        finally:
            await self._course.become(State.STOPPED)
            await self._reader.close()
            if self._course.state is not None:
                self._course.state.close()
                self._course.state = None


def _row(item: Item) -> str:
    return reading_row(item) if isinstance(item, Reading) else occurrence_row(item)


def _item(dead: Dead) -> Item:
    return reading_of(dead.row) if dead.stream is Stream.READINGS else occurrence_of(dead.row)
