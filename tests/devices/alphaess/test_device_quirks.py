"""The emulated battery misbehaves as told, the same way every time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mitmeter.devices.alphaess.codec import AlphaEssCodec, encode
from mitmeter.devices.alphaess.device import Battery
from mitmeter.devices.alphaess.device_outlet import Outlet, Split
from mitmeter.devices.alphaess.messages import ConfigReport, Ready, Status, Telemetry
from mitmeter.model import Side
from mitmeter.protocol import Close, Decoded, DeviceContext, Send, SendRaw, SetTimer, Undecodable
from mitmeter.simulate import House
from tests.devices.alphaess.alphaess_bench import Bench

NOON = datetime(2025, 6, 1, 12, 0, 0, tzinfo=UTC)


def unruly(misbehave: str, seed: int = 1) -> Bench:
    context = DeviceContext(
        House(1, NOON - timedelta(hours=1)),
        zone=UTC,
        seed=seed,
        options={"misbehave": misbehave},
    )
    return Bench(Battery(context), NOON)


def bytes_said(bench: Bench) -> bytes:
    return b"".join(
        said.what if isinstance(said.what, bytes) else encode(Side.DEVICE, said.what)
        for said in bench.said
    )


def statuses_heard(bench: Bench) -> list[Status]:
    items = AlphaEssCodec().feed(Side.DEVICE, bytes_said(bench))
    found = [item.message for item in items if isinstance(item, Decoded)]
    return [message for message in found if isinstance(message, Status)]


def test_without_quirks_only_messages_are_sent() -> None:
    bench = unruly("").open().run(1_000)
    assert bench.messages(bytes) == []


def test_no_login_starts_with_a_status() -> None:
    assert unruly("no_login").open().kinds() == ["Status"]


def test_a_duplicate_comes_ten_seconds_later_with_the_regular_status() -> None:
    bench = unruly("duplicates=0.3").open().run(600)
    heard = statuses_heard(bench)
    repeated = [i for i, status in enumerate(heard) if status in heard[:i]]
    assert repeated
    for i in repeated:
        assert heard[i] == heard[i - 1]
        assert heard[i + 1].get("Time") != heard[i].get("Time")
    assert len(heard) - len(repeated) == len(set(heard))


def test_statuses_held_back_arrive_together_and_none_is_lost() -> None:
    bench = unruly("batches=0.4").open().run(600)
    heard = [status.get("Time") for status in statuses_heard(bench)]
    regular = unruly("").open().run(600)
    expected = [status.get("Time") for status in statuses_heard(regular)]
    assert heard == expected[: len(heard)]
    assert len(expected) - len(heard) <= 3
    at = [said.at for said in bench.said if isinstance(said.what, Status)]
    assert len(at) > len(set(at))


def test_split_frames_join_to_the_same_stream() -> None:
    bench, regular = unruly("splits=1").open().run(600), unruly("").open().run(600)
    assert len(bench.messages(bytes)) > 100
    assert bytes_said(bench) == bytes_said(regular)


def test_nothing_falls_between_the_parts_of_a_split_frame() -> None:
    raw = encode(Side.DEVICE, Ready())
    outlet = Outlet()
    first = outlet.let_out([Split(raw[:3], raw[3:]), Send(Ready()), SetTimer("status", 10)])
    assert first == [SendRaw(raw[:3]), SetTimer("split", 0.3), SetTimer("status", 10)]
    assert outlet.let_out([Split(raw[:5], raw[5:]), Close("bye")]) == []
    assert outlet.join() == [
        SendRaw(raw[3:]),
        Send(Ready()),
        SendRaw(raw[:5]),
        SetTimer("split", 0.3),
    ]
    assert outlet.join() == [SendRaw(raw[5:]), Close("bye")]
    assert outlet.join() == []


def test_a_bad_checksum_spoils_one_frame_only() -> None:
    bench = unruly("bad_checksums=0.2").open().run(600)
    codec = AlphaEssCodec()
    items = codec.feed(Side.DEVICE, bytes_said(bench)) + codec.end(Side.DEVICE)
    bad = [item for item in items if isinstance(item, Undecodable)]
    assert len(bad) == len(bench.messages(bytes)) > 3
    assert len(statuses_heard(bench)) + len(bad) == 60
    assert bench.messages(ConfigReport)
    assert bench.messages(Telemetry)


def test_it_reconnects_now_and_then_and_says_nothing_more_on_the_old_link() -> None:
    bench = unruly("reconnects=0.2").open()
    for connection in range(1, 6):
        bench.run(1_000)
        assert bench.closed == ["told to reconnect now and then"] * connection
        assert bench.timers == {}
        bench.open()


@pytest.mark.parametrize("misbehave", ["duplicates,batches,splits,bad_checksums"])
def test_the_same_seed_misbehaves_the_same_way(misbehave: str) -> None:
    one, same, other = (unruly(misbehave, seed).open().run(900) for seed in (1, 1, 2))
    assert bytes_said(one) == bytes_said(same)
    assert bytes_said(one) != bytes_said(other)
