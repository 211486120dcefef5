"""`mitmeter decode`."""

import json
from pathlib import Path

import pytest

from mitmeter.testing.vectors import load_vectors
from tests.cli.program import ended, mitmeter, process

BYTES = {each.name: each.data for each in load_vectors("mitmeter.devices.alphaess")}
STATUS = BYTES["status"]
DAMAGED = BYTES["a good frame right behind a login with one bit flipped"]


def decode(data: bytes, *options: str) -> list[dict[str, object]]:
    return mitmeter("decode", "alphaess", "--json", *options, stdin=data).objects


def said(items: list[dict[str, object]]) -> list[tuple[object, ...]]:
    return [(each["raw"], each["message"], each["error"]) for each in items]


def test_an_item_has_exactly_the_members_of_the_contract() -> None:
    (item,) = decode(STATUS, "--timezone", "UTC")
    assert list(item) == ["raw", "sender", "message", "error", "readings"]
    assert item["raw"] == STATUS.hex()
    assert (item["sender"], item["error"]) == ("device", None)
    message = item["message"]
    assert isinstance(message, dict)
    assert message["type"] == "Status"
    assert message["members"]["Pbat"] == "-2233.5000"


def test_readings_keep_their_digits_and_stand_at_the_device_s_own_time() -> None:
    done = mitmeter("decode", "alphaess", "--json", "--timezone", "Europe/London", stdin=STATUS)
    assert '"quantity":"battery.power","value":-2233.5000,"unit":"W"' in done.out
    readings = {each["quantity"]: each for each in done.objects[0]["readings"]}
    assert readings["house.power"]["value"] == 522
    # 12:00:20 of British summer time.
    assert {each["at"] for each in readings.values()} == {"2025-06-01T11:00:20Z"}
    assert {each["reported"] for each in readings.values()} == {"2025-06-01T12:00:20"}


def test_what_cannot_be_decoded_is_an_item_too_and_the_exit_code_tells() -> None:
    done = mitmeter("decode", "alphaess", "--json", stdin=DAMAGED)
    bad, good = done.objects
    assert done.code == 1
    assert bad["message"] is None
    assert "crc" in bad["error"]
    assert good["error"] is None
    assert bytes.fromhex(bad["raw"] + good["raw"]) == DAMAGED


def test_half_a_message_at_the_end_is_told() -> None:
    done = mitmeter("decode", "alphaess", stdin=STATUS[:100])
    assert done.code == 1
    assert done.out.startswith("UNDECODABLE 100 bytes: ")


def test_nothing_is_nothing_wrong() -> None:
    done = mitmeter("decode", "alphaess")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_for_people_a_message_is_followed_by_its_readings() -> None:
    first, *rest = mitmeter("decode", "alphaess", stdin=STATUS).lines
    assert first == "Status (273 bytes)"
    assert f"    {'battery.power':32} {'-2233.5000':>14} W" in rest


def test_a_file_is_read_as_stdin_is(tmp_path: Path) -> None:
    file = tmp_path / "status.bin"
    file.write_bytes(STATUS)
    done = mitmeter("decode", "alphaess", file, "--json")
    assert said(done.objects) == said(decode(STATUS))


def test_the_head_end_s_words_are_another_s() -> None:
    resume = BYTES["Resume command"]
    (item,) = decode(resume, "--sender", "headend")
    message = item["message"]
    assert isinstance(message, dict)
    assert (item["sender"], message["type"]) == ("headend", "ServerCommand")


@pytest.mark.parametrize("between", ["", " ", "\n", "\t\r\n  "])
def test_hex_may_have_white_space_anywhere(between: str) -> None:
    digits = between.join(STATUS.hex().upper()) + between
    assert said(decode(digits.encode(), "--hex")) == said(decode(STATUS))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"01zz", "'z' at line 1, column 3 is no hex digit"),
        (b"01 01\n00 0x", "'x' at line 2, column 5 is no hex digit"),
        (b"01 01 0\n\n", "the input ends with half a byte, '0' at line 1, column 7"),
        (b"\xff", "'\\xff' at line 1, column 1 is no hex digit"),
    ],
)
def test_the_place_that_is_no_hex_is_named(text: bytes, words: str) -> None:
    done = mitmeter("decode", "alphaess", "--hex", stdin=text)
    assert (done.code, done.complaint) == (1, f"--hex: {words}")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("alphaes",), 3, "protocol: 'alphaes' is not known; did you mean 'alphaess'?"),
        (("alphaess", "nowhere.bin"), 1, "nowhere.bin: No such file or directory"),
        (("alphaess", "."), 1, ".: Is a directory"),
        (("alphaess", "--sender", "cloud"), 2, "'cloud' is not one of 'device', 'headend'"),
        (("alphaess", "--timezone", "Lundon"), 3, "--timezone: 'Lundon' is not a known time zone"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = mitmeter("decode", *arguments)
    assert done.code == code
    assert words in done.complaint


def test_a_live_stream_is_decoded_while_it_comes() -> None:
    running = process("decode", "alphaess", "--json")
    assert running.stdin is not None
    assert running.stdout is not None
    for _ in range(2):
        running.stdin.write(STATUS)
        running.stdin.flush()
        assert json.loads(running.stdout.readline())["raw"] == STATUS.hex()
    assert ended(running).code == 0


def test_text_no_terminal_should_see_is_escaped() -> None:
    lone = rb'{"UserName":"\ud800\u001b[2J","Password":"x","CompanyName":"y"}'
    done = mitmeter("decode", "alphaess", "--hex", stdin=frame(2, lone).hex().encode())
    assert "\x1b" not in done.out
    assert "Login" in done.out
    shown = mitmeter("decode", "alphaess", "--hex", "--json", stdin=frame(2, lone).hex().encode())
    assert shown.objects[0]["message"]["members"]["UserName"] == "\ud800\x1b[2J"


def frame(command: int, payload: bytes) -> bytes:
    """Return a device's frame with its CRC-16/MODBUS, computed here bit by bit."""
    head = bytes((1, 1, command)) + len(payload).to_bytes(4, "big") + payload
    crc = 0xFFFF
    for byte in head:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return head + crc.to_bytes(2, "big")
