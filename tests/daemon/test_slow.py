import asyncio

from mitmeter.daemon.slow import Slow


class Owner:
    """Keeps what it is told, and when it was all told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.over = asyncio.Event()

    def received(self, data: bytes) -> None:
        self.told.append(data.decode())

    def ended(self) -> None:
        self.told.append("ended")
        self.over.set()

    def lost(self, reason: str) -> None:
        self.told.append(reason)

    def congested(self, full: bool) -> None:
        self.told.append(f"congested {full}")


async def test_everything_comes_later_and_in_its_order() -> None:
    owner = Owner()
    slow = Slow(owner, 0.02)
    for number in range(20):
        slow.received(str(number).encode())
    slow.ended()
    assert owner.told == []
    async with asyncio.timeout(5):
        await owner.over.wait()
    assert owner.told == [*map(str, range(20)), "ended"]


async def test_a_lost_link_waits_for_nothing_and_nothing_comes_after_it() -> None:
    owner = Owner()
    slow = Slow(owner, 0.01)
    slow.received(b"last")
    slow.lost("gone")
    assert owner.told == ["last", "gone"]
    await asyncio.sleep(0.03)
    assert owner.told == ["last", "gone"]


async def test_a_full_link_is_told_at_once() -> None:
    owner = Owner()
    Slow(owner, 60.0).congested(True)
    assert owner.told == ["congested True"]
