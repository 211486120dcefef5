"""`mitmeter journal export` and `cut`."""

import json
import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from mitmeter.journal.reader import JournalReader
from mitmeter.journal.records import Noted
from mitmeter.model import Chunk, Side
from mitmeter.protocol import Undecodable
from tests.cli.program import ended, mitmeter, process
from tests.cli.recording import FIRST, PRIVATE, SECOND, SPEC


def exported(data: Path, *options: str) -> list[dict[str, object]]:
    done = mitmeter("journal", "export", "--jsonl", "-", *options, data=data)
    assert done.code == 0
    return done.objects


def chunks(data: Path) -> Iterator[Chunk]:
    return (each for each in JournalReader(data / "journal").records() if isinstance(each, Chunk))


def tshark(pcapng: Path, *fields: str) -> list[list[str]]:
    """Return, per packet that carries bytes, what the real tshark makes of these fields."""
    shown = [part for field in fields for part in ("-e", field)]
    done = subprocess.run(
        ["tshark", "-r", str(pcapng), "-Y", "tcp.len > 0", "-T", "fields", *shown],
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.system
def test_wireshark_reads_the_same_bytes_in_the_same_order_and_direction(
    recorded: Path, tmp_path: Path
) -> None:
    file = tmp_path / "battery.pcapng"
    done = mitmeter("journal", "export", FIRST, "--pcapng", file, data=recorded)
    assert done.code == 0
    assert done.err.startswith("1 conversation, ")
    packets = tshark(file, "ip.src", "tcp.payload", "tcp.checksum.status")
    told = [each for each in chunks(recorded) if each.conversation.id == FIRST]
    assert [packet[1] for packet in packets] == [each.data.hex() for each in told]
    assert [packet[0] == "192.168.101.7" for packet in packets] == [
        each.sender == "device" for each in told
    ]


@pytest.mark.system
def test_a_pcapng_goes_through_a_pipe_into_tshark(recorded: Path) -> None:
    export = process("journal", "export", "--pcapng", "-", "-q", data=recorded)
    assert export.stdout is not None
    read = subprocess.run(
        ["tshark", "-r", "-", "-T", "fields", "-e", "tcp.stream"],
        stdin=export.stdout,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended(export).code == 0
    assert set(read.stdout.split()) == {"0", "1"}


@pytest.mark.system
def test_a_redacted_pcapng_holds_nothing_private(recorded: Path, tmp_path: Path) -> None:
    file = tmp_path / "share.pcapng"
    assert mitmeter("journal", "export", "--pcapng", file, "--redact", data=recorded).code == 0
    content = file.read_bytes()
    assert not [word for word in PRIVATE if word.encode() in content]
    payload = bytes.fromhex("".join(packet[0] for packet in tshark(file, "tcp.payload")))
    assert not [word for word in PRIVATE if word.encode() in payload]
    assert "192.168.101.7" not in {packet[0] for packet in tshark(file, "ip.src")}


def test_redacted_bytes_are_as_many_and_decode_as_before(recorded: Path) -> None:
    plain, redacted = exported(recorded), exported(recorded, "--redact")
    assert [len(str(each["hex"])) for each in redacted] == [len(str(each["hex"])) for each in plain]
    text = json.dumps(redacted)
    for word in PRIVATE:
        assert word not in text
        assert word.encode().hex() not in text
    joined = bytes.fromhex("".join(str(each["hex"]) for each in redacted))
    assert not [word for word in PRIVATE if word.encode() in joined]
    codec = SPEC.codec()
    items = [
        item
        for each in redacted
        for item in codec.feed(Side(str(each["sender"])), bytes.fromhex(str(each["hex"])))
    ]
    assert len(items) > 500
    assert not [item for item in items if isinstance(item, Undecodable)]


def test_a_redaction_keeps_to_its_stand_ins_and_the_next_one_has_others(recorded: Path) -> None:
    def serials(told: list[dict[str, object]]) -> set[bytes]:
        words = b"".join(
            bytes.fromhex(str(each["hex"])) for each in told if each["sender"] == "device"
        )
        return set(re.findall(rb'"SN":"([^"]+)"', words))

    first, second = exported(recorded, "--redact"), exported(recorded, "--redact")
    assert len(serials(first)) == len(serials(second)) == 1
    assert serials(first) != serials(second)


def test_a_span_is_redacted_also_where_it_begins_inside_a_serial_number(recorded: Path) -> None:
    told = exported(recorded)
    # The rest of a status report whose first 50 bytes end within the serial number.
    tails = [
        each
        for before, each in pairwise(told)
        if bytes.fromhex(str(before["hex"])).endswith(b'"SN":"AL99000')
    ]
    since = ("--since", str(tails[5]["received"]))
    plain, redacted = exported(recorded, *since), exported(recorded, "--redact", *since)
    assert plain[0] == tails[5]
    assert bytes.fromhex(str(plain[0]["hex"])).startswith(b'00000007","Ppv1"')
    assert not bytes.fromhex(str(redacted[0]["hex"])).startswith(b"00000007")
    assert bytes.fromhex(str(redacted[0]["hex"]))[8:].startswith(b'","Ppv1"')


def test_a_file_appears_when_it_is_whole_and_nothing_is_left_beside_it(
    recorded: Path, tmp_path: Path
) -> None:
    file = tmp_path / "out" / "all.jsonl"
    file.parent.mkdir()
    done = mitmeter("journal", "export", "--jsonl", file, data=recorded)
    assert done.err == f"{len(list(chunks(recorded))):,} chunks written to {file}\n"
    assert list(file.parent.iterdir()) == [file]
    assert len(file.read_text().splitlines()) == len(list(chunks(recorded)))


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ((), 2, "say one of --pcapng FILE and --jsonl FILE"),
        (("--pcapng", "a", "--jsonl", "b"), 2, "say one of"),
        (("--jsonl", "nowhere/x"), 1, "nowhere/x: No such file or directory"),
        (("--pcapng", "."), 1, ". is a directory; name a file"),
        (("--jsonl", "-", "--since", "x"), 2, "--since"),
    ],
)
def test_an_export_that_makes_no_sense_is_told_in_one_line_and_leaves_nothing(
    recorded: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    done = mitmeter("journal", "export", *options, data=recorded)
    assert done.code == code
    assert words in done.complaint
    assert not list(Path().iterdir())


def test_a_cut_is_a_data_directory_like_any_other(recorded: Path, tmp_path: Path) -> None:
    into = tmp_path / "cut"
    done = mitmeter("journal", "cut", SECOND, "--into", into, data=recorded)
    assert done.code == 0
    assert done.err.startswith("1 conversation, ")
    assert mitmeter("journal", "verify", data=into).code == 0
    wanted = ("readings", "--quantity", "battery.soc", "--since", "2026-06-15T10:00", "--json")
    assert mitmeter(*wanted, data=into).lines == mitmeter(*wanted, data=recorded).lines


def test_a_cut_of_a_span_verifies_and_a_redacted_one_holds_nothing_private(
    recorded: Path, tmp_path: Path
) -> None:
    into = tmp_path / "cut"
    span = ("--since", "2026-06-15T09:20", "--until", "2026-06-15T10:20")
    done = mitmeter("journal", "cut", "--into", into, *span, "--redact", data=recorded)
    assert done.code == 0
    assert mitmeter("journal", "verify", data=into).code == 0
    assert mitmeter("devices", data=into).code == 0
    kept = b"".join(path.read_bytes() for path in into.rglob("*") if path.is_file())
    said = b"".join(each.data for each in chunks(into))
    assert not [word for word in PRIVATE if word.encode() in kept or word.encode() in said]
    (noted,) = (
        each for each in JournalReader(into / "journal").records() if isinstance(each, Noted)
    )
    assert noted.event.device is not None
    assert noted.event.fields["tried"] == (noted.event.device.serial, "nobody")


@pytest.mark.parametrize("place", ["twice", "file/below"])
def test_a_cut_into_what_cannot_take_it_is_refused(
    recorded: Path, tmp_path: Path, place: str
) -> None:
    into = tmp_path / place
    if place == "twice":
        assert mitmeter("journal", "cut", "--into", into, data=recorded).code == 0
    else:
        (tmp_path / "file").write_text("x")
    done = mitmeter("journal", "cut", "--into", into, data=recorded)
    assert done.code == 1
    assert str(into) in done.complaint
