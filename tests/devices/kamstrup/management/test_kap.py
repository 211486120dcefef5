from datetime import timedelta

from mitmeter.devices.kamstrup.management.kap import KeepAlive
from mitmeter.devices.kamstrup.management.settings import Defaults, Settings
from mitmeter.protocol import Datagram, PlainMemory
from tests.devices.kamstrup.management.module_bench import NOON, ModuleBench

SECOND = timedelta(seconds=1)
FIRST = Datagram("202.202.202.1", 50, b"alive")
OTHER = Datagram("10.1.2.4", 61_001, b"alive")


def kept_alive(
    payload: bytes = b"alive", *lines: str, memory: PlainMemory | None = None
) -> KeepAlive:
    memory = memory or PlainMemory()
    bench = ModuleBench(memory)
    for line in lines:
        bench.line(line)
    return KeepAlive(Settings(Defaults(), memory), payload, NOON)


def packages(kap: KeepAlive, seconds: int) -> list[tuple[int, Datagram]]:
    found = []
    for second in range(seconds):
        package = kap.tick(NOON + second * SECOND)
        if package is not None:
            found.append((second, package))
    return found


def test_without_a_payload_keep_alive_is_off() -> None:
    kap = kept_alive(b"")
    assert kap.due() is None
    assert packages(kap, 60) == []


def test_a_package_goes_to_the_server_every_interval() -> None:
    assert packages(kept_alive(), 25) == [(0, FIRST), (10, FIRST), (20, FIRST)]


def test_two_servers_take_turns() -> None:
    kap = kept_alive(b"alive", "!SB 10.1.2.4 61001")
    assert packages(kap, 35) == [(0, FIRST), (10, OTHER), (20, FIRST), (30, OTHER)]


def test_the_first_server_at_nowhere_turns_it_off() -> None:
    kap = kept_alive(b"alive", "!SB 10.1.2.4 61001", "!SA 0.0.0.0")
    assert packages(kap, 60) == []
    assert not kap.restarts(NOON + timedelta(days=30))


def test_a_new_interval_counts_at_once() -> None:
    memory = PlainMemory()
    kap = kept_alive(memory=memory)
    assert packages(kap, 11) == [(0, FIRST), (10, FIRST)]
    ModuleBench(memory).line("!SK 3600 60 2")
    assert kap.due() == NOON + 20 * SECOND
    later = [s for s in range(20, 30) if kap.tick(NOON + s * SECOND) is not None]
    assert later == [20, 22, 24, 26, 28]


def test_the_light_blinks_and_the_watchdog_bites_after_so_many_intervals() -> None:
    kap = kept_alive()
    assert not kap.blinks(NOON + 599 * SECOND)
    assert kap.blinks(NOON + 600 * SECOND)
    assert not kap.restarts(NOON + 35_999 * SECOND)
    assert kap.restarts(NOON + 36_000 * SECOND)


def test_any_datagram_of_a_server_acknowledges_and_both_count_anew() -> None:
    memory = PlainMemory()
    kap = kept_alive(memory=memory)
    assert not kap.heard("192.0.2.66", NOON + 500 * SECOND)
    assert kap.heard("202.202.202.1", NOON + 500 * SECOND)
    assert not kap.blinks(NOON + 1_099 * SECOND)
    assert kap.blinks(NOON + 1_100 * SECOND)
    told = ModuleBench(memory).line("!GC")
    assert "acknowledge from the server: YES\r\n" in told


def test_without_a_watchdog_nothing_restarts() -> None:
    kap = kept_alive(b"alive", "!SK 0 0")
    assert not kap.restarts(NOON + timedelta(days=300))
    assert not kap.blinks(NOON + timedelta(days=300))
