"""The export is read by the real tshark: what it shows is what was said."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from zlib import crc32

import pytest

from mitmeter.journal.pcapng import Exported, Where, write_pcapng
from mitmeter.journal.position import START
from mitmeter.journal.records import Closed, Damaged, Noted, Opened, Record, Unknown
from mitmeter.model import Chunk, Conversation, Event, Side, instant
from tests.journal.journal_makers import NOON, conversation

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed"),
]

BIG = bytes(number * 7 % 251 for number in range(5000))


def chunk(who: Conversation, seq: int, sender: Side, data: bytes, *, ours: bool = False) -> Chunk:
    return Chunk(who, seq, sender, NOON + seq * 1_000_000 + 7, data, ours)


def dialogue(who: Conversation) -> list[Record]:
    return [
        Opened(who),
        chunk(who, 0, Side.DEVICE, b"\x01login"),
        chunk(who, 1, Side.HEADEND, b"\x02welcome", ours=True),
        chunk(who, 2, Side.DEVICE, BIG),
        Closed(who.id, "peer closed", NOON + 10**9),
    ]


def tshark(path: Path, *arguments: str) -> str:
    checks = ("tcp.check_checksum", "ip.check_checksum")
    options = [part for name in checks for part in ("-o", f"{name}:TRUE")]
    done = subprocess.run(
        ["tshark", "-n", "-r", str(path), *options, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def fields(path: Path, *names: str, only: str = "frame") -> list[list[str]]:
    chosen = [part for name in names for part in ("-e", name)]
    text = tshark(path, "-Y", only, "-T", "fields", "-E", "separator=|", *chosen)
    return [line.split("|") for line in text.splitlines()]


def stream(path: Path, number: int, *, from_opener: bool) -> bytes:
    """Return the payload of one direction as tshark puts it together again."""
    text = tshark(path, "-q", "-z", f"follow,tcp,raw,{number}")
    lines = text.split("\n")
    first = next(at for at, line in enumerate(lines) if line.startswith("Node 1"))
    body = [line for line in lines[first + 1 :] if line.strip() and "=" not in line]
    return b"".join(bytes.fromhex(line) for line in body if line.startswith("\t") != from_opener)


def export(
    path: Path,
    records: Iterable[Record],
    *,
    endpoint: Where | None = None,
    verdict: Callable[[Chunk], str] | None = None,
    segment_bytes: int = 1460,
) -> Exported:
    with path.open("wb") as file:
        return write_pcapng(
            file,
            records,
            application="mitmeter 0.1.0",
            endpoint=endpoint,
            verdict=verdict,
            segment_bytes=segment_bytes,
        )


def complaints(path: Path) -> str:
    """Return what tshark finds wrong: malformed, bad checksums, lost or doubled segments."""
    wrong = "_ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0"
    return tshark(path, "-Y", f"{wrong} || tcp.analysis.flags")


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return tmp_path / "x.pcapng"


def test_a_conversation_is_one_stream_between_the_right_ends(capture: Path) -> None:
    export(capture, dialogue(conversation()), endpoint=lambda _: "192.168.101.2:7777")
    ends = fields(capture, "ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", only="frame.number==1")
    assert ends == [["192.168.101.7", "50123", "192.168.101.2", "7777"]]
    assert {row[0] for row in fields(capture, "tcp.stream")} == {"0"}


def test_both_directions_carry_exactly_the_bytes_that_were_said(capture: Path) -> None:
    done = export(capture, dialogue(conversation()))
    assert stream(capture, 0, from_opener=True) == b"\x01login" + BIG
    assert stream(capture, 0, from_opener=False) == b"\x02welcome"
    assert done == Exported(1, len(fields(capture, "frame.number")), 6 + 8 + 5000, 0)


def test_tshark_has_nothing_to_complain_about(capture: Path) -> None:
    export(capture, dialogue(conversation()))
    assert complaints(capture) == ""
    assert {tuple(row) for row in fields(capture, "tcp.checksum.status", "ip.checksum.status")} == {
        ("1", "1")
    }


def test_it_begins_with_a_handshake_and_ends_with_a_farewell(capture: Path) -> None:
    export(capture, dialogue(conversation()))
    flags = [int(row[0], 16) for row in fields(capture, "tcp.flags")]
    assert flags[:3] == [0x02, 0x12, 0x10]
    assert flags[-3:] == [0x11, 0x11, 0x10]
    assert tshark(capture, "-Y", "tcp.completeness == 31", "-T", "fields", "-e", "tcp.stream")


def test_times_are_the_chunks_own_to_the_nanosecond(capture: Path) -> None:
    export(capture, dialogue(conversation()))
    (row,) = fields(capture, "frame.time_epoch", only='tcp.payload contains "welcome"')
    assert row == ["1763633703.001000007"]


def test_comments_name_the_chunk_and_the_verdict(capture: Path) -> None:
    who = conversation()
    export(capture, dialogue(who), verdict=lambda chunk: "login" if chunk.seq == 0 else "")
    comments = [row[0] for row in fields(capture, "frame.comment", only="frame.comment")]
    assert comments == [
        f"{who.id} opens",
        f"{who.id}/0; login",
        f"{who.id}/1",
        f"{who.id}/2",
        f"{who.id} closed: peer closed",
    ]


def test_flags_tell_what_came_in_and_what_went_out(capture: Path) -> None:
    export(capture, dialogue(conversation()))
    said = fields(capture, "frame.packet_flags_direction", only='tcp.payload contains "login"')
    answered = fields(capture, "frame.packet_flags_direction", only='tcp.payload contains "welc"')
    assert (int(said[0][0], 0), int(answered[0][0], 0)) == (1, 2)


def test_an_emulated_device_is_ours_and_the_peer_is_the_head_end(capture: Path) -> None:
    who = conversation(role="emulate", peer="203.0.113.9:7777")
    export(capture, dialogue(who), endpoint=lambda _: "192.168.1.2:40000")
    rows = fields(capture, "ip.src", "ip.dst", "frame.packet_flags_direction", only="tcp.payload")
    assert rows[0][:2] == ["192.168.1.2", "203.0.113.9"]
    assert int(rows[0][2], 0) == 2


def test_a_probe_is_opened_by_the_head_end(capture: Path) -> None:
    who = conversation(role="probe", peer="192.168.1.9:80")
    export(capture, dialogue(who))
    ends = fields(capture, "ip.src", "ip.dst", only="frame.number==1")
    assert ends == [["192.0.2.1", "192.168.1.9"]]
    assert stream(capture, 0, from_opener=False) == b"\x01login" + BIG


def test_what_a_proxy_changed_is_a_stream_of_its_own_and_says_so(capture: Path) -> None:
    who = conversation(role="proxy", upstream="203.0.113.5:7777")
    export(
        capture,
        [
            Opened(who),
            chunk(who, 0, Side.DEVICE, b"serial 123"),
            chunk(who, 1, Side.DEVICE, b"serial 999", ours=True),
            chunk(who, 2, Side.HEADEND, b"fine"),
            Closed(who.id, "", NOON + 10**9),
        ],
    )
    assert stream(capture, 0, from_opener=True) == b"serial 123"
    assert stream(capture, 0, from_opener=False) == b"fine"
    assert stream(capture, 1, from_opener=True) == b"serial 999"
    rows = fields(
        capture, "frame.interface_name", "ip.dst", "frame.comment", only='tcp contains "serial"'
    )
    assert rows == [
        ["battery", "203.0.113.5", f"{who.id}/0"],
        ["battery as changed by us", "192.0.2.4", f"{who.id}/1; as changed by us"],
    ]
    assert complaints(capture) == ""


def test_a_peer_with_an_ip6_address_keeps_it(capture: Path) -> None:
    export(capture, dialogue(conversation(peer="[fe80::7]:50123")))
    rows = fields(capture, "ipv6.src", "ipv6.dst", only="frame.number==1")
    assert rows == [["fe80::7", "2001:db8::c000:201"]]
    assert stream(capture, 0, from_opener=True) == b"\x01login" + BIG
    assert complaints(capture) == ""


@pytest.mark.parametrize("peer", ["", "memory", "battery.local:99999", "a:b:c"])
def test_a_peer_without_an_address_gets_a_stand_in(capture: Path, peer: str) -> None:
    export(capture, dialogue(conversation(peer=peer)))
    rows = fields(capture, "ip.src", "tcp.srcport", "ip.dst", only="frame.number==1")
    assert rows == [["192.0.2.2", "50000", "192.0.2.1"]]


def test_interleaved_conversations_stay_apart_even_on_one_port(capture: Path) -> None:
    first, second = conversation(1), conversation(2)
    export(capture, dialogue(first) + dialogue(second))
    assert stream(capture, 0, from_opener=True) == b"\x01login" + BIG
    assert stream(capture, 1, from_opener=True) == b"\x01login" + BIG


def test_segments_as_large_as_ip_allows_are_no_problem(capture: Path) -> None:
    who = conversation()
    data = BIG * 60
    export(capture, [Opened(who), chunk(who, 0, Side.DEVICE, data)], segment_bytes=10**9)
    assert stream(capture, 0, from_opener=True) == data
    assert complaints(capture) == ""


def test_a_sequence_number_that_wraps_is_no_problem(capture: Path) -> None:
    who = Conversation(_near_the_wrap(), "alphaess", "trap", "battery", "192.168.1.7:5", NOON)
    export(capture, [Opened(who), *(chunk(who, seq, Side.DEVICE, BIG) for seq in range(20))])
    assert stream(capture, 0, from_opener=True) == BIG * 20
    assert complaints(capture) == ""


def _near_the_wrap() -> str:
    """Return an id whose stream starts less than 32 KiB below 2³²."""
    return next(
        name for name in (f"wrap-{n}" for n in range(10**7)) if crc32(name.encode()) > 0xFFFF_8000
    )


def test_a_conversation_begun_earlier_is_opened_at_its_first_chunk(capture: Path) -> None:
    who = conversation()
    export(capture, [Opened(who, again=True), chunk(who, 7, Side.DEVICE, b"status")])
    rows = fields(capture, "frame.time_epoch", only="tcp.flags.syn == 1")
    assert {row[0] for row in rows} == {"1763633703.007000007"}
    assert stream(capture, 0, from_opener=True) == b"status"


def test_the_file_says_who_wrote_it(capture: Path) -> None:
    export(capture, dialogue(conversation()))
    done = subprocess.run(["capinfos", str(capture)], capture_output=True, text=True, check=True)
    assert "Capture application: mitmeter 0.1.0" in done.stdout
    assert "nanoseconds (9)" in done.stdout


def test_events_are_left_out_and_damage_is_counted() -> None:
    event = Noted(Event("x", instant(NOON), "y"), "", "battery")
    records: list[Record] = [event, Damaged(START, "rot", b""), Unknown("tls", b"")]
    done = write_pcapng(io.BytesIO(), records, application="mitmeter 0.1.0")
    assert done == Exported(0, 0, 0, 2)


def test_an_endless_reason_still_makes_a_valid_block(capture: Path) -> None:
    who = conversation()
    export(capture, [Opened(who), Closed(who.id, "é" * 100_000, NOON)])
    assert len(fields(capture, "frame.number")) == 6
