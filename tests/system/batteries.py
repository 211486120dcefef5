"""Batteries for tests of the whole: frames made here, independently of the code under test.

Each status has a device time of its own, so that it can be found again among the readings.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fastcrc import crc16

SUCCESS = b'{"Status":"Success"}'
READY = 0
STATUS = 16
# Near enough to the present to be believed, far enough back that no test runs into the future.
FIRST_TIME = datetime.now(UTC) - timedelta(days=30)


def frame(kind: int, command: int, payload: bytes) -> bytes:
    """Return a frame: version 1, type, command, length, payload, CRC-16/MODBUS high byte first."""
    body = struct.pack(">BBBI", 1, kind, command, len(payload)) + payload
    return body + crc16.modbus(body).to_bytes(2, "big")


ANSWER = frame(2, STATUS, SUCCESS)


def device_time(tick: int) -> str:
    """Return the tick-th device time, one second after the one before."""
    return f"{FIRST_TIME + timedelta(seconds=tick):%Y/%m/%d %H:%M:%S}"


def soc(tick: int) -> str:
    return f"{tick % 1000 / 10:.1f}"


def status_payload(serial: str, time: str, charge: str = "72.4") -> bytes:
    return (
        f'{{"Time":"{time}","SN":"{serial}","Ppv1":"1505","Ppv2":"1492","PrealL1":"640",'
        '"PrealL2":"0.0","PrealL3":"0.0","PmeterL1":"-118","PmeterL2":"0","PmeterL3":"0",'
        f'"PmeterDC":"0","Pbat":"-2233.5000","Sva":"655","VarAC":"-92","VarDC":"-4",'
        f'"SOC":"{charge}"}}'
    ).encode()


def status(serial: str, tick: int) -> bytes:
    """Return a battery's tick-th status frame."""
    return frame(1, STATUS, status_payload(serial, device_time(tick), soc(tick)))


def serial(number: int) -> str:
    return f"AL990000{number:07}"


def frames_in(buffer: bytearray) -> list[tuple[int, int, bytes]]:
    """Take the whole frames the buffer begins with, as (type, command, payload)."""
    found = []
    while len(buffer) >= 7:
        version, kind, command, length = struct.unpack_from(">BBBI", buffer)
        assert version == 1, bytes(buffer[:64])
        size = 7 + length + 2
        if len(buffer) < size:
            break
        raw = bytes(buffer[:size])
        assert crc16.modbus(raw[:-2]) == int.from_bytes(raw[-2:], "big"), raw
        found.append((kind, command, raw[7:-2]))
        del buffer[:size]
    return found


class Caller:
    """One connection to a trap, blocking."""

    def __init__(self, port: int, source: str = "127.0.0.1", seconds: float = 10.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), seconds, (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peer = "{}:{}".format(*self.socket.getsockname())
        self._buffer = bytearray()

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answers(self, count: int) -> list[int]:
        """Return the command numbers of the next so many answers; each must be Success.

        Commands of the trap's own that come between are passed over. Fewer come back when the
        connection ends.
        """
        got: list[int] = []
        while len(got) < count:
            for kind, command, payload in frames_in(self._buffer):
                if kind == 2:
                    assert payload == SUCCESS, payload
                    got.append(command)
            if len(got) < count:
                data = self._receive()
                if not data:
                    break
                self._buffer += data
        return got

    def is_closed_within(self, seconds: float) -> bool:
        """Tell whether the other side ends the connection in that time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            with contextlib.suppress(TimeoutError):
                if not self._receive():
                    return True
        return False

    def _receive(self) -> bytes:
        try:
            return self.socket.recv(65_536)
        except ConnectionError:
            return b""


@dataclass(slots=True)
class _Member:
    """One battery of a fleet: the status it is to send next, and what it has heard of this one."""

    serial: str
    tick: int = 0
    socket: socket.socket | None = None
    buffer: bytearray = field(default_factory=bytearray)
    frame: bytes = b""


class Fleet:
    """Batteries that send a status, wait for the answer, and send the next, over and over.

    After a lost connection each sends the unanswered status again. `answered` holds, by serial
    number, how many of the ticks from 0 on were answered.
    """

    def __init__(self, count: int, port: int) -> None:
        self._port = port
        self._members = [_Member(serial(number)) for number in range(count)]
        for each in self._members:
            each.frame = status(each.serial, each.tick)

    @property
    def answered(self) -> dict[str, int]:
        return {each.serial: each.tick for each in self._members}

    @property
    def total(self) -> int:
        return sum(each.tick for each in self._members)

    def connect(self, alive: Callable[[], bool]) -> bool:
        """Connect them all, as soon as somebody listens; False when `alive` says nobody will."""
        for each in self._members:
            while each.socket is None:
                try:
                    each.socket = socket.create_connection(("127.0.0.1", self._port))
                except ConnectionError:
                    if not alive():
                        return False
                    time.sleep(0.002)
        return True

    def talk(self, until: Callable[[], bool] = lambda: False, seconds: float = 30.0) -> None:
        """Send and be answered until every connection has ended, or `until` says so."""
        deadline = time.monotonic() + seconds
        with select.epoll() as poll:
            open_ = {}
            for each in self._members:
                if each.socket is not None:
                    open_[each.socket.fileno()] = each
                    poll.register(each.socket, select.EPOLLIN)
                    self._send(each)
            while open_ and not until():
                assert time.monotonic() < deadline, f"{len(open_)} connections neither end nor stop"
                for handle, _ in poll.poll(0.05):
                    if not self._heard(open_[handle]):
                        poll.unregister(handle)
                        self._drop(open_.pop(handle))

    def disconnect(self) -> None:
        for each in self._members:
            self._drop(each)

    def _send(self, each: _Member) -> None:
        assert each.socket is not None
        with contextlib.suppress(ConnectionError):
            each.socket.send(each.frame)

    def _heard(self, each: _Member) -> bool:
        """Take what has come; False when the connection has ended."""
        assert each.socket is not None
        try:
            data = each.socket.recv(65_536)
        except ConnectionError:
            return False
        each.buffer += data
        for kind, command, payload in frames_in(each.buffer):
            if (kind, command) == (2, STATUS):
                assert payload == SUCCESS
                each.tick += 1
                each.frame = status(each.serial, each.tick)
                self._send(each)
        return bool(data)

    def _drop(self, each: _Member) -> None:
        if each.socket is not None:
            each.socket.close()
        each.socket = None
        each.buffer.clear()


class SteadyBattery:
    """A battery on a thread of its own that sends a status now and then and counts its answers."""

    def __init__(self, port: int, number: int, source: str = "127.0.0.1") -> None:
        self.serial = serial(number)
        self.answered = 0
        self.slowest = 0.0
        self.trouble = ""
        self._caller = Caller(port, source)
        self._stop = threading.Event()
        self._answer = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(20)
        self._caller.socket.close()

    def is_answered_again(self, seconds: float = 15.0) -> bool:
        """Wait for the answer to a status sent from now on; False when there is none."""
        with self._answer:
            seen = self.answered
            return self._answer.wait_for(
                lambda: self.answered >= seen + 2 or bool(self.trouble), seconds
            ) and not bool(self.trouble)

    def _run(self) -> None:
        while not self._stop.wait(0.03):
            began = time.monotonic()
            try:
                self._caller.send(status(self.serial, self.answered))
                got = self._caller.answers(1)
            except (OSError, AssertionError) as exc:
                self._told(f"status {self.answered}: {exc!r}")
                return
            if got != [STATUS]:
                self._told(f"status {self.answered} was answered with {got}")
                return
            self.slowest = max(self.slowest, time.monotonic() - began)
            self._told("")

    def _told(self, trouble: str) -> None:
        with self._answer:
            self.trouble = trouble
            self.answered += not trouble
            self._answer.notify_all()
