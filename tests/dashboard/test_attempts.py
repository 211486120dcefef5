"""How often a wrong token may be tried."""

from mitmeter.dashboard.attempts import ALLOWED, SECONDS, Attempts


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_after_so_many_failures_an_address_waits_for_the_first_to_be_forgotten() -> None:
    time = Time()
    attempts = Attempts(time)
    for _ in range(ALLOWED):
        assert attempts.wait("192.0.2.7") == 0
        attempts.failed("192.0.2.7")
        time.now += 1
    assert attempts.wait("192.0.2.7") == int(SECONDS) - ALLOWED + 1
    assert attempts.wait("192.0.2.8") == 0
    time.now = SECONDS + 0.5
    assert attempts.wait("192.0.2.7") == 0
    attempts.failed("192.0.2.7")
    assert attempts.wait("192.0.2.7") == 1


def test_a_whole_ipv6_network_is_one_address() -> None:
    attempts = Attempts(Time())
    for number in range(ALLOWED):
        attempts.failed(f"2001:db8:1:2::{number:x}")
    assert attempts.wait("2001:db8:1:2:ffff::1") > 0
    assert attempts.wait("2001:db8:1:3::1") == 0


def test_many_addresses_do_not_fill_memory() -> None:
    attempts = Attempts(Time())
    for number in range(10_000):
        attempts.failed(f"10.0.{number >> 8}.{number & 255}")
    assert len(attempts._failed) < 3000
