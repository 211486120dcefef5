"""The reader of a meter: asks for what is known of it, or walks its whole register space, and ends.

One conversation is one reading of the meter. Options, as text:

    registers   comma list of ids (decimal or 0x…) and slugs of `registers.py`; without it the
                registers of the profile the meter turns out to have
    address     the meter's KMP address, 0x3F unless given
    scan        "0-65535", or "" for that: walk these ids in batches of eight instead
    from        where to go on with a scan that was interrupted: the mark of its last `Progress`
    pace        seconds to wait between two requests; 0, and 0.2 in a scan
    wait, tries how long to wait for an answer and how often to ask; 2 and 4, as readers do [O]

Order: serial number and what tells the kind of meter, then the registers, then GetSerialNo and
GetType, which may stay unanswered: some emulations hang up on them [H]. It ends by `Close("read")`;
any other reason is a sentence that says what went wrong. A scan yields `Progress` after each batch.

Registers are matched by id, never by place; what a meter leaves out it does not have. In a scan the
ids a batch with hits left out are asked once more [I]. A batch nobody answers is split.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime

from mitmeter.devices.kamstrup import identity
from mitmeter.devices.kamstrup.errand import Errand, answers
from mitmeter.devices.kamstrup.messages import (
    GetRegister,
    GetSerialNo,
    GetType,
    Message,
    RegisterReply,
    Reply,
    SerialReply,
)
from mitmeter.devices.kamstrup.orders import Refusal, orders, outcome
from mitmeter.devices.kamstrup.reading_plan import (
    FIRST,
    Batch,
    batches,
    rest,
    scan_batches,
    wanted,
)
from mitmeter.model import DeviceId, printable
from mitmeter.protocol import (
    Action,
    Answer,
    Close,
    Command,
    HeadendContext,
    Identify,
    Progress,
    Send,
    SetTimer,
    Undecodable,
)

Act = Action[Message]

READ = "read"

# So many requests in a row without an answer, and the meter is gone.
_MOST_SILENCES = 5
_FEW_TRIES = 2


class Headend:
    """Reads one meter in one conversation. Raises ConfigError for options it cannot use."""

    def __init__(self, context: HeadendContext) -> None:
        self._context = context
        self._wanted = wanted(context.options)
        self._address = self._wanted.address
        self._queue: deque[Errand] = deque()
        self._scan: Iterator[Batch] = iter(())
        self._current: Errand | None = None
        self._tries = 0
        self._silences = 0
        self._heard = False
        self._instead = ""  # what came while nothing fitting did, in words
        self._mark = -1  # what the last Progress said
        self._silent_from: int | None = None  # the first id of a scan nobody answered since
        self._device: DeviceId | None = None
        self._asked_first = False
        self._over = False

    @property
    def device(self) -> DeviceId | None:
        """The meter, once its serial number is known."""
        return self._device

    # the conversation

    def opened(self, now: datetime) -> Iterable[Act]:
        left = self._wanted.left
        if left is not None:
            self._scan = scan_batches(left)
        first = FIRST
        if self._wanted.ids:
            first, *more = batches((identity.SERIAL_REGISTER, *self._wanted.ids))
            self._queue += (Errand(self._get(batch)) for batch in more)
        self._queue.appendleft(Errand(self._get(first)))
        return self._next()

    def received(self, message: Message, now: datetime) -> Iterable[Act]:
        errand = self._current
        if errand is None or self._over:
            return ()  # late, or the second answer to what was asked twice
        if not answers(errand.request, message):
            self._note(message)
            return ()
        self._heard, self._silences, self._current = True, 0, None
        self._silent_from = None
        actions = self._learn(errand, message)
        # Asked twice it may be answered twice: an empty second answer looks like one to whatever
        # is asked next, so that waits.
        pause = self._wanted.wait if self._tries > 1 else self._wanted.pace
        self._tries = 0
        return [*actions, *self._next(pause)]

    def timer(self, name: str, now: datetime) -> Iterable[Act]:
        if self._over:
            return ()
        if name == "next" and self._current is None:
            return self._next(waited=True)
        errand = self._current
        if name != "answer" or errand is None:
            return ()
        if self._tries < min(errand.tries, self._wanted.tries):
            return self._say(errand)
        self._current, self._tries = None, 0
        return self._unanswered(errand)

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Act]:
        self._instead = f"what came is no sound KMP: {printable(item.reason, 120)}"
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[Act]:
        """Put the command's requests in front of what is still to be read."""
        if not self._context.control:
            return (Answer(command.id, False, "control is off for this station"),)
        if self._over:
            return (Answer(command.id, False, "the meter has been read, the line is closing"),)
        context = self._context
        try:
            found = orders(
                command.name,
                command.arguments,
                self._address,
                context.password,
                now,
                context.zone,
            )
        except Refusal as refusal:
            return (Answer(command.id, False, str(refusal)),)
        self._queue.extendleft(
            Errand(order.request, _FEW_TRIES, order, command.id) for order in reversed(found)
        )
        return ()

    # what is next

    def _next(self, pause: float = 0.0, *, waited: bool = False) -> list[Act]:
        """Say what is next, after the pause; end where nothing is left."""
        if not self._queue and not self._refill():
            self._over = True
            whole = self._wanted.scan
            done = [] if whole is None else self._progress(whole.stop)
            return [*done, Close(READ)]
        errand = self._queue[0]
        if not waited:
            pause = max(pause, errand.order.delay if errand.order else 0.0)
            if pause > 0:
                return [SetTimer("next", pause)]
        self._queue.popleft()
        return self._say(errand)

    def _refill(self) -> bool:
        """Put the next batch of a scan, or what is asked at the end, in the queue."""
        batch = next(self._scan, None)
        if batch is not None:
            self._queue.append(Errand(self._get(batch), scanned=batch))
            return True
        if not self._asked_first:
            return False
        self._asked_first = False
        self._queue.append(Errand(GetSerialNo(self._address), _FEW_TRIES, optional=True))
        self._queue.append(Errand(GetType(self._address), _FEW_TRIES, optional=True))
        return True

    def _say(self, errand: Errand) -> list[Act]:
        self._current = errand
        self._tries += 1
        return [Send(errand.request), SetTimer("answer", self._wanted.wait)]

    def _get(self, batch: Batch) -> GetRegister:
        return GetRegister(self._address, batch)

    # what came

    def _learn(self, errand: Errand, message: Message) -> list[Act]:
        if errand.order is not None:
            return self._order_answered(errand, message)
        if isinstance(message, SerialReply):
            return self._identify(message.serial)
        if not isinstance(message, RegisterReply):
            return []
        actions: list[Act] = []
        for each in message.values:
            if each.id == identity.SERIAL_REGISTER:
                actions += self._identify(identity.serial_in(each.value))
        found = {each.id for each in message.values}
        if not self._asked_first and not errand.scanned and not errand.part:
            self._begin(found)
        if errand.scanned:
            actions += self._scanned(errand, found)
        return actions

    def _begin(self, found: set[int]) -> None:
        """The first answer: who it is may be known now, and what there is to ask."""
        self._asked_first = True
        if self._device is None:
            self._queue.appendleft(Errand(GetSerialNo(self._address), _FEW_TRIES, optional=True))
        if not self._wanted.ids and self._wanted.left is None:
            self._queue += (Errand(self._get(batch)) for batch in rest(found))

    def _identify(self, serial: int | None) -> list[Act]:
        if serial is None or not identity.plausible(serial) or self._device is not None:
            return []
        self._device = identity.meter(serial)
        return [Identify(self._device)]

    def _scanned(self, errand: Errand, found: set[int]) -> list[Act]:
        """Ask once more for what a batch with hits left out; tell how far it is."""
        missing = tuple(id for id in errand.scanned if id not in found)
        if found and missing and not errand.part:
            again = Errand(self._get(missing), scanned=missing, part=True)
            self._queue.appendleft(again)
            return []
        return self._progress(errand.scanned[-1] + 1)

    def _progress(self, mark: int) -> list[Act]:
        whole = self._wanted.scan
        if whole is None or mark == self._mark:
            return []
        self._mark = mark
        return [Progress(mark - whole.start, len(whole), str(mark))]

    def _note(self, message: Message) -> None:
        """Remember what came instead, for the reason if nothing better does."""
        if isinstance(message, Reply) and hasattr(message, "address"):
            if message.address != self._address:
                self._instead = (
                    f"address 0x{message.address:02X} answers, 0x{self._address:02X} was asked"
                )
            else:
                self._instead = f"what came is a {type(message).__name__} to something else"

    # what did not come

    def _unanswered(self, errand: Errand) -> list[Act]:
        self._silences += 1
        if self._silent_from is None and errand.scanned:
            self._silent_from = errand.scanned[0]
        if not self._heard and not errand.order:
            return self._end(self._no_answer())
        if errand.order is not None:
            return self._order_unanswered(errand)
        if errand.optional:
            self._silences -= 1
            return self._next()
        if self._silences >= _MOST_SILENCES:
            return self._end(self._fell_silent())
        if isinstance(errand.request, GetRegister) and len(errand.request.ids) > 1:
            self._split(errand, errand.request.ids)
            return self._next()
        return self._next()

    def _split(self, errand: Errand, ids: Batch) -> None:
        half = len(ids) // 2
        self._queue.extendleft(
            Errand(self._get(part), _FEW_TRIES, scanned=part if errand.scanned else (), part=True)
            for part in (ids[half:], ids[:half])
        )

    def _end(self, reason: str) -> list[Act]:
        self._over = True
        return [*self._refuse_waiting(reason), Close(reason)]

    def _no_answer(self) -> str:
        seconds = self._wanted.wait * self._wanted.tries
        text = (
            f"no answer from address 0x{self._address:02X} within {seconds:g} s,"
            f" asked {self._wanted.tries} times"
        )
        return f"{text}; {self._instead}" if self._instead else text

    def _fell_silent(self) -> str:
        text = f"no answer any more: the meter fell silent, {self._silences} requests in a row"
        if self._silent_from is not None:
            return f"{text}; the scan can go on from {self._silent_from}"
        return f"{text}; {self._instead}" if self._instead else text

    # an operator's commands

    def _order_answered(self, errand: Errand, message: Message) -> list[Act]:
        order = errand.order
        if order is None or not isinstance(message, Reply):
            return []
        known = outcome(order, message)
        if known is None:
            return []
        if not known.accepted:
            self._drop(errand.command)
        return [Answer(errand.command, known.accepted, known.text)]

    def _order_unanswered(self, errand: Errand) -> list[Act]:
        order = errand.order
        if order is not None and order.last:
            said = [Answer(errand.command, False, "the meter did not answer")]
            return [*said, *self._next()]
        # A login may be met with silence [U]: what comes after it shows whether it was taken.
        return self._next()

    def _drop(self, command: str) -> None:
        self._queue = deque(each for each in self._queue if each.command != command)

    def _refuse_waiting(self, reason: str) -> list[Act]:
        waiting = dict.fromkeys(each.command for each in self._queue if each.command)
        return [Answer(command, False, reason) for command in waiting]
