"""Whatever comes in on the port: kept, told in words, and nobody else notices."""

from __future__ import annotations

import contextlib
import random
import ssl
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.batteries import (
    STATUS,
    Caller,
    SteadyBattery,
    device_time,
    frame,
    serial,
    status,
    status_payload,
)
from tests.system.laboratory import Laboratory
from tests.system.processes import bench, events, free_port, listening, mitmeter, poll

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("bad input")]

MOST_PER_ADDRESS = 8
CONFIGURATION = """
[web]
enabled = false

[limits]
connections_per_address = {most}
idle = "4s"
partial = "1s"

[[station]]
name = "battery"
role = "trap"
protocol = "alphaess"
listen = "tcp://127.0.0.1:{port}"
"""


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    folder = tmp_path_factory.mktemp("laboratory")
    port = free_port()
    configuration = folder / "mitmeter.toml"
    configuration.write_text(CONFIGURATION.format(most=MOST_PER_ADDRESS, port=port))
    with bench(folder / "processes") as processes:
        trap = listening(processes.start(folder / "data", port, "-c", str(configuration), "run"))
        battery = SteadyBattery(port, 1, source="127.0.0.2")
        yield Laboratory(trap, battery)
        battery.stop()
        assert trap.stop() == 0
    _is_in_order(trap.data)


def _is_in_order(data: Path) -> None:
    """After all of it the journal is sound, and decoded again it gives the same readings."""
    verified = mitmeter("journal", "verify", data=data)
    assert verified.out.rstrip().endswith("sound"), verified
    rebuilt = mitmeter("rebuild", "--json", data=data).objects[0]
    assert (rebuilt["added"], rebuilt["removed"], rebuilt["changed"]) == (0, 0, 0)


@pytest.fixture(autouse=True)
def _nobody_else_notices(laboratory: Laboratory) -> Iterator[None]:
    yield
    assert laboratory.trap.alive, laboratory.trap.complained()
    assert laboratory.battery.is_answered_again(), laboratory.battery.trouble


def a_tls_hello() -> bytes:
    """Return the first bytes of a real TLS client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(
        incoming, outgoing, server_hostname="www.alphaess.com"
    )
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def garbled(good: bytes) -> bytes:
    """Return the frame with one bit of its payload turned, so that its checksum is wrong."""
    return good[:20] + bytes([good[20] ^ 1]) + good[21:]


def a_status(number: int = 77, tick: int = 0) -> bytes:
    return status(serial(number), tick)


def test_random_bytes_are_kept_and_told(laboratory: Laboratory) -> None:
    noise = random.Random(7).randbytes(5000)
    with laboratory.stranger() as caller:
        caller.send(noise)
    visit = laboratory.visit(caller.peer)
    assert visit.keeps(noise)
    told = visit.tells("mitmeter.alphaess.undecodable", "from the device could not be decoded")
    assert told["severity"] == "warning"
    assert noise.hex().startswith(told["hex"])


def test_a_tls_hello_is_called_one(laboratory: Laboratory) -> None:
    hello = a_tls_hello()
    assert hello[:2] == b"\x16\x03"
    with laboratory.stranger() as caller:
        caller.send(hello)
    visit = laboratory.visit(caller.peer)
    assert visit.keeps(hello)
    visit.tells("mitmeter.alphaess.undecodable", "looks like a TLS hello")


def test_an_http_request_is_called_one(laboratory: Laboratory) -> None:
    request = b"GET / HTTP/1.1\r\nHost: www.alphaess.com:7777\r\n\r\n"
    with laboratory.stranger() as caller:
        caller.send(request)
    visit = laboratory.visit(caller.peer)
    assert visit.keeps(request)
    visit.tells("mitmeter.alphaess.undecodable", "looks like an HTTP request")


def test_a_length_of_4_gb_holds_nothing_back(laboratory: Laboratory) -> None:
    head = struct.pack(">BBBI", 1, 1, STATUS, 0xFFFF_FFFF)
    with laboratory.stranger() as caller:
        caller.send(head + a_status())
        assert caller.answers(1) == [STATUS]
    visit = laboratory.visit(caller.peer)
    assert visit.keeps(head + a_status())
    visit.tells(
        "mitmeter.alphaess.undecodable",
        "7 bytes from the device",
        "announces 4294967295 payload bytes, at most 65536 are allowed",
    )


def test_a_length_of_4_gb_and_then_silence_is_not_waited_for(laboratory: Laboratory) -> None:
    head = struct.pack(">BBBI", 1, 1, STATUS, 0xFFFF_FFFF)
    with laboratory.stranger() as caller:
        caller.send(head)
        visit = laboratory.visit(caller.peer)
        visit.tells("mitmeter.conversation.half_message", "7 bytes are taken as they are")
        visit.tells("mitmeter.alphaess.undecodable", "announces 4294967295 payload bytes")
        caller.send(a_status())
        assert caller.answers(1) == [STATUS]


@pytest.mark.parametrize("apart", [False, True], ids=["one segment", "two segments"])
def test_a_good_frame_behind_a_bad_checksum_is_answered(
    laboratory: Laboratory, apart: bool
) -> None:
    good = a_status(number=78 + apart)
    bad = garbled(good)
    with laboratory.stranger() as caller:
        if apart:
            caller.send(bad)
            assert laboratory.visit(caller.peer).keeps(bad)
            caller.send(good)
        else:
            caller.send(bad + good)
        assert caller.answers(1) == [STATUS]
    visit = laboratory.visit(caller.peer)
    assert visit.keeps(bad + good)
    told = visit.tells("mitmeter.alphaess.undecodable", f"frame of {len(bad)} bytes")
    stored, computed = good[-2:].hex(), told["message"].rpartition(" ")[2]
    assert f"crc {stored}, expected {computed}" in told["message"]
    device = f"alphaess:{serial(78 + apart)}"
    poll(lambda: len(_charges(laboratory, device)) == 1, "the good frame has no reading")


def test_a_frame_that_comes_byte_by_byte_is_answered(laboratory: Laboratory) -> None:
    with laboratory.stranger() as caller:
        for byte in a_status(number=80):
            caller.send(bytes([byte]))
        assert caller.answers(1) == [STATUS]
    visit = laboratory.visit(caller.peer)
    assert visit.keeps(a_status(number=80))
    assert visit.events("mitmeter.alphaess.undecodable") == []


def test_a_slow_drip_is_not_waited_for_and_in_the_end_closed(laboratory: Laboratory) -> None:
    dripped = bytearray()
    began = time.monotonic()
    with laboratory.stranger() as caller:
        with contextlib.suppress(ConnectionError):
            for byte in a_status(number=81) * 4:
                caller.send(bytes([byte]))
                dripped.append(byte)
                if caller.is_closed_within(0.02):
                    break
        took = time.monotonic() - began
    assert 3.5 < took < 15  # looked at every second
    visit = laboratory.visit(caller.peer)
    visit.tells("mitmeter.conversation.half_message", "the rest of a message has not come")
    visit.tells("mitmeter.conversation.closed", "no message for 4 s")
    # What was on its way when the connection was closed may be lost.
    kept = visit.device_bytes()
    assert bytes(dripped).startswith(kept)
    assert len(dripped) - len(kept) <= 10


def test_half_a_frame_and_then_the_end_is_told(laboratory: Laboratory) -> None:
    half = a_status()[:100]
    with laboratory.stranger() as caller:
        caller.send(half)
    visit = laboratory.visit(caller.peer)
    assert visit.keeps(half)
    visit.tells("mitmeter.alphaess.undecodable", "the stream ended after 100 of them")


@pytest.mark.parametrize(
    "payload",
    [
        b"hello battery",
        b"\xff\xfe\x00binary",
        b'{"SN":"AL9900000000007"',
        b"[" * 30_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    ],
    ids=["text", "binary", "cut off", "deep list", "deep object"],
)
def test_a_sound_frame_that_holds_no_json_object_is_answered_and_flagged(
    laboratory: Laboratory, payload: bytes
) -> None:
    said = frame(1, STATUS, payload)
    with laboratory.stranger() as caller:
        caller.send(said)
        assert caller.answers(1) == [STATUS]
    visit = laboratory.visit(caller.peer)
    assert visit.keeps(said)
    told = visit.tells("mitmeter.alphaess.unknown", "message (1, 16) from the device: ")
    assert told["severity"] == "warning"
    assert told["size"] == len(payload)


def test_a_command_nobody_has_described_is_answered_and_flagged(laboratory: Laboratory) -> None:
    said = frame(1, 14, b'{"SN":"AL9900000000007"}')
    with laboratory.stranger() as caller:
        caller.send(said)
        assert caller.answers(1) == [14]
    visit = laboratory.visit(caller.peer)
    assert visit.keeps(said)
    visit.tells("mitmeter.alphaess.unknown", "command 14 has never been described")


def test_duplicate_keys_and_absurd_numbers_leave_the_sound_fields_readable(
    laboratory: Laboratory,
) -> None:
    name = serial(82)
    payload = (
        f'{{"Time":"{device_time(0)}","SN":"{name}","SOC":"50.5","SOC":"99.9",'
        f'"Ppv1":"1e999999999","Ppv2":"{"9" * 5000}","PrealL1":"NaN","PrealL2":"-Infinity",'
        '"PmeterL1":1e400,"PmeterL2":12345678901234567890123456789012345678901234567890,'
        '"Pbat":{"deep":[1,2,3]},"Sva":null,"VarAC":""}'
    ).encode()
    said = frame(1, STATUS, payload)
    with laboratory.stranger() as caller:
        caller.send(said)
        assert caller.answers(1) == [STATUS]
    visit = laboratory.visit(caller.peer)
    assert visit.keeps(said)
    told = visit.tells("mitmeter.alphaess.fields.odd", "fields that could not be read", "Ppv1")
    assert {"Ppv1", "PrealL1", "PrealL2", "Pbat"} <= set(told["names"])
    assert [each["value"] for each in _charges(laboratory, f"alphaess:{name}")] == [50.5]


@pytest.mark.parametrize(
    "when",
    [
        "2025/02/30 12:00:00",
        "2025/13/01 00:00:00",
        "2025/06/01 24:61:61",
        "0000/00/00 00:00:00",
        "",
    ],
)
def test_a_date_that_does_not_exist_is_flagged_and_the_values_are_kept(
    laboratory: Laboratory, when: str
) -> None:
    name = f"AL9911{random.Random(when).randrange(10**9):09}"
    said = frame(1, STATUS, status_payload(name, when, "33.3"))
    with laboratory.stranger() as caller:
        caller.send(said)
        assert caller.answers(1) == [STATUS]
    visit = laboratory.visit(caller.peer)
    assert visit.keeps(said)
    visit.tells("mitmeter.alphaess.time.odd", "expected a real moment as yyyy/MM/dd HH:mm:ss")
    (charge,) = _charges(laboratory, f"alphaess:{name}")
    assert charge["value"] == 33.3
    assert charge["at"] == charge["received"]


@pytest.mark.parametrize("when", ["9999/12/31 23:59:59", "0001/01/01 00:00:00"])
def test_a_date_far_from_now_is_told_and_the_values_get_the_time_they_came(
    laboratory: Laboratory, when: str
) -> None:
    name = f"AL9912{random.Random(when).randrange(10**9):09}"
    said = frame(1, STATUS, status_payload(name, when, "44.4"))
    with laboratory.stranger() as caller:
        caller.send(said)
        assert caller.answers(1) == [STATUS]
    visit = laboratory.visit(caller.peer)
    assert visit.keeps(said)
    visit.tells("mitmeter.clock.unset", "it is not set")
    (charge,) = _charges(laboratory, f"alphaess:{name}")
    assert charge["value"] == 44.4
    assert charge["at"] == charge["received"]


@pytest.mark.parametrize(
    "name",
    [
        "../../../tmp/mitmeter-was-here",
        "/etc/passwd",
        "<script>alert(1)</script>",
        "AL99\\u001b[31m\\u0000\\n",
        "AL99; rm -rf ~",
        "",
        "A" * 500,
    ],
)
def test_a_serial_number_that_is_none_is_answered_flagged_and_never_a_device(
    laboratory: Laboratory, name: str
) -> None:
    said = frame(1, STATUS, status_payload(name, device_time(0)))
    with laboratory.stranger() as caller:
        caller.send(said)
        assert caller.answers(1) == [STATUS]
    visit = laboratory.visit(caller.peer)
    assert visit.keeps(said)
    told = visit.tells("mitmeter.alphaess.serial.implausible", "is not plausible")
    assert told["message"].isprintable()
    assert len(told["message"]) < 200
    devices = mitmeter("devices", "--json", data=laboratory.trap.data).objects
    assert all(each["device"].removeprefix("alphaess:").isalnum() for each in devices)
    assert {path.name for path in laboratory.trap.data.iterdir()} <= {
        "control.sock",
        "journal",
        "store.db",
        "store.db-shm",
        "store.db-wal",
    }


def test_a_megabyte_of_garbage_is_closed_with_a_reason(laboratory: Laboratory) -> None:
    garbage = random.Random(8).randbytes(1 << 20)
    with laboratory.stranger() as caller:
        with contextlib.suppress(ConnectionError, TimeoutError):
            caller.send(garbage)
        assert caller.is_closed_within(10)
    visit = laboratory.visit(caller.peer)
    visit.tells("mitmeter.conversation.closed", "bytes without one sound message")
    kept = visit.device_bytes()
    assert len(kept) >= 256 << 10
    assert garbage.startswith(kept)
    # A flood is one story, told at the first and at every doubling.
    assert 2 <= len(visit.events("mitmeter.alphaess.undecodable")) <= 12


def test_connections_beyond_the_limit_of_an_address_are_refused_and_counted(
    laboratory: Laboratory,
) -> None:
    source = "127.0.0.9"
    with contextlib.ExitStack() as stack:
        inside = [stack.enter_context(laboratory.stranger(source)) for _ in range(MOST_PER_ADDRESS)]
        for number, each in enumerate(inside):
            each.send(a_status(number=90 + number))
        assert [each.answers(1) for each in inside] == [[STATUS]] * MOST_PER_ADDRESS
        for _ in range(4):
            with laboratory.stranger(source) as outside:
                assert outside.is_closed_within(5)
        with laboratory.stranger("127.0.0.10") as neighbour:
            neighbour.send(a_status(number=99))
            assert neighbour.answers(1) == [STATUS]
    poll(lambda: len(_refusals(laboratory, source)) == 3, "refused connections are not told")
    first, _, last = _refusals(laboratory, source)
    assert f"8 connections from {source} are open, the limit (1 so far)" in first
    assert "(4 so far)" in last
    with Caller(laboratory.trap.port, source) as again:
        again.send(a_status(number=90, tick=1))
        assert again.answers(1) == [STATUS]


def _refusals(laboratory: Laboratory, source: str) -> list[str]:
    told = events(laboratory.trap.data, "mitmeter.connection.refused")
    return [each["message"] for each in told if each["peer"].startswith(f"{source}:")]


def _charges(laboratory: Laboratory, device: str) -> list[dict[str, object]]:
    told = mitmeter(
        *("readings", "--json", "--device", device, "--quantity", "battery.soc"),
        data=laboratory.trap.data,
    )
    return told.objects
