"""On a full disk the trap answers nothing it cannot keep, and the proxy passes everything on."""

from __future__ import annotations

import contextlib
import itertools
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.batteries import STATUS, Caller, serial, status
from tests.system.disks import Disk, LimitedFiles, small_disk
from tests.system.processes import Bench, Running, events, free_port, listening, mitmeter, poll

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("full disk")]

MEGABYTES = 80
BATTERY = serial(5)
NOTHING_ANSWERED = "the journal cannot be written, so nothing can be answered"


@pytest.fixture(params=["small disk", "limited files"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    if request.param == "limited files":
        yield LimitedFiles(tmp_path)
        return
    with small_disk(tmp_path / "disk", MEGABYTES) as made:
        yield made


@pytest.fixture
def trap(processes: Bench, disk: Disk) -> Iterator[Running]:
    trap = listening(processes.trap(disk.data, free_port()))
    yield trap
    if trap.alive:
        disk.free(trap.process.pid)
        trap.process.terminate()
        trap.process.wait(30)


def answered(trap: Running, ticks: range) -> list[int]:
    """Send these statuses until one is not answered; return those that were."""
    got = []
    with contextlib.suppress(ConnectionError), Caller(trap.port) as caller:
        for tick in ticks:
            caller.send(status(BATTERY, tick))
            if caller.answers(1) != [STATUS]:
                break
            got.append(tick)
    return got


def test_a_trap_on_a_full_disk_answers_nothing_and_goes_on_when_there_is_room(
    trap: Running, disk: Disk
) -> None:
    kept = answered(trap, range(50))
    assert kept == [*range(50)]
    disk.fill(trap.process.pid)
    # A last block may be half empty.
    kept += answered(trap, range(50, 400))
    assert len(kept) < 400
    first = kept[-1] + 1
    # Longer than it takes the readings to follow, so that the store meets the full disk as well.
    deadline = time.monotonic() + 2.5
    while time.monotonic() < deadline:
        assert answered(trap, range(first, first + 1)) == []
        assert trap.alive
        time.sleep(0.1)
    complaints = [line for line in trap.complained().splitlines() if "cannot be saved" in line]
    assert disk.words in complaints[0]
    assert len(complaints) <= 5, "the same is said over and over"

    disk.free(trap.process.pid)
    poll(lambda: answered(trap, range(first, first + 1)), "never answers again")
    kept += [first, *answered(trap, range(first + 1, first + 50))]
    assert len(kept) == first + 50
    poll(
        lambda: len(_told(trap.data)) == len(kept),
        lambda: f"{len(_told(trap.data))} of {len(kept)}",
    )
    closed = events(trap.data, "mitmeter.conversation.closed")
    assert any(NOTHING_ANSWERED in each["message"] for each in closed)

    assert trap.stop() == 0
    assert _told(trap.data) == Counter(range(first + 50))
    assert mitmeter("journal", "verify", data=trap.data).out.rstrip().endswith("sound")
    rebuilt = mitmeter("rebuild", "--json", data=trap.data).objects[0]
    assert (rebuilt["added"], rebuilt["removed"], rebuilt["changed"]) == (0, 0, 0)


def test_a_trap_that_stops_on_a_full_disk_says_what_it_could_not_save(
    trap: Running, disk: Disk
) -> None:
    kept = answered(trap, range(50))
    disk.fill(trap.process.pid)
    kept += answered(trap, range(50, 400))
    assert trap.stop() == 1
    assert disk.words in trap.complained()
    disk.free(0)
    assert set(_told(trap.data)) >= set(kept)
    assert max(_told(trap.data).values()) == 1
    assert mitmeter("journal", "verify", data=trap.data).out.rstrip().endswith("sound")


class Cloud:
    """A server behind a proxy that keeps what each connection says, and speaks when told to."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.heard: list[bytearray] = []
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()

    def say(self, number: int, data: bytes) -> None:
        self._sockets[number].sendall(data)

    def hears(self, number: int, data: bytes) -> bool:
        """Wait until that connection has said so much; tell whether it has said just this."""
        poll(
            lambda: len(self.heard) > number and len(self.heard[number]) >= len(data),
            "not everything arrived",
        )
        return self.heard[number] == data

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for each in self._threads:
            each.join(10)
        self._listener.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._sockets.append(connection)
                self.heard.append(bytearray())
                arguments = (connection, self.heard[-1])
                self._threads.append(threading.Thread(target=self._hear, args=arguments))
                self._threads[-1].start()

    def _hear(self, connection: socket.socket, heard: bytearray) -> None:
        with contextlib.suppress(OSError), connection:
            while data := connection.recv(1 << 18):
                heard += data


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    made = Cloud()
    yield made
    made.close()


@pytest.fixture
def proxy(processes: Bench, disk: Disk, cloud: Cloud) -> Running:
    port = free_port()
    to = ("--to", f"tcp://127.0.0.1:{cloud.port}", "--listen", f"tcp://127.0.0.1:{port}")
    return listening(processes.start(disk.data, port, "proxy", "alphaess", *to))


# More than may wait for the disk in memory, so that the last of it cannot be kept.
TOO_MUCH = random.Random(9).randbytes(24 << 20)


def test_a_proxy_on_a_full_disk_passes_every_byte_on_and_tells_what_it_could_not_keep(
    proxy: Running, disk: Disk, cloud: Cloud
) -> None:
    before, after = status(BATTERY, 0) * 3, status(BATTERY, 1)
    answer = random.Random(10).randbytes(1 << 20)
    with socket.create_connection(("127.0.0.1", proxy.port), 20) as device:
        device.sendall(before)
        assert cloud.hears(0, before)
        disk.fill(proxy.process.pid)
        device.sendall(TOO_MUCH)
        assert cloud.hears(0, before + TOO_MUCH)
        speaking = threading.Thread(target=cloud.say, args=(0, answer))
        speaking.start()
        assert _read(device, len(answer)) == answer
        speaking.join()
        assert proxy.alive
        poll(lambda: disk.words in proxy.complained(), "the full disk is not told")
        assert proxy.resident() < 200_000_000
        disk.free(proxy.process.pid)
        device.sendall(after)
        assert cloud.hears(0, before + TOO_MUCH + after)
    poll(lambda: events(disk.data, "mitmeter.journal.lost"), "the loss is not told")
    (lost,) = events(disk.data, "mitmeter.journal.lost")
    assert lost["message"].endswith("bytes were forwarded but could not be recorded")
    assert 1 << 20 < lost["bytes"] < len(TOO_MUCH) + len(answer)
    assert proxy.stop() == 0


def test_a_conversation_begun_on_a_full_disk_is_passed_on_and_kept_once_there_is_room(
    proxy: Running, disk: Disk, cloud: Cloud
) -> None:
    address = ("127.0.0.1", proxy.port)
    said = status(BATTERY, 1)
    ticks = itertools.count(2)
    disk.fill(proxy.process.pid)
    with socket.create_connection(address, 20) as first:
        first.sendall(TOO_MUCH)
        assert cloud.hears(0, TOO_MUCH)
        with socket.create_connection(address, 20) as second:
            second.sendall(said)
            assert cloud.hears(1, said)
            poll(lambda: disk.words in proxy.complained(), "the full disk is not told")
            disk.free(proxy.process.pid)
            deadline = time.monotonic() + 30
            while not (told := _told(disk.data)):
                assert time.monotonic() < deadline, "the conversation is never kept"
                more = status(BATTERY, next(ticks))
                second.sendall(more)
                said += more
                assert cloud.hears(1, said)
    assert 1 not in told
    assert proxy.stop() == 0


def _read(device: socket.socket, size: int) -> bytes:
    got = bytearray()
    while len(got) < size and (data := device.recv(1 << 18)):
        got += data
    return bytes(got)


def _told(data: Path) -> Counter[int]:
    """Return how often each tick's state of charge is held."""
    told = mitmeter(
        *("readings", "--json", "--all", "--device", f"alphaess:{BATTERY}"),
        *("--quantity", "battery.soc"),
        data=data,
    )
    return Counter(round(each["value"] * 10) for each in told.objects)
