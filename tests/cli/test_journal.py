"""`mitmeter journal list`, `show` and `verify`."""

import re
from pathlib import Path

import pytest

from tests.cli.program import mitmeter
from tests.cli.recording import FIRST, PEER, PRIVATE, SECOND


def test_conversations_are_listed_with_when_and_how_much(recorded: Path) -> None:
    heading, first, second = mitmeter("journal", "list", data=recorded).lines
    assert heading.split() == [
        *("conversation", "role", "protocol", "station", "peer", "opened"),
        *("lasted", "ended", "chunks", "bytes"),
    ]
    assert first.startswith(f"{FIRST}  trap  alphaess  battery  {PEER}  2026-06-15T09:00:00Z")
    assert "40:00  the line was cut" in first
    assert " open " in second


def test_the_list_as_json_tells_all_there_is(recorded: Path) -> None:
    first, second = mitmeter("journal", "list", "--json", data=recorded).objects
    assert first["conversation"] == FIRST
    assert first["peer"] == PEER
    assert first["opened"] == "2026-06-15T09:00:00Z"
    assert first["closed"] == "2026-06-15T09:40:00Z"
    assert first["reason"] == "the line was cut"
    assert first["synthetic"] is True
    assert first["device_bytes"] > 10 * first["headend_bytes"] > 0
    assert (second["closed"], second["reason"]) == (None, "")


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("--until", "2026-06-15T09:45"), [FIRST]),
        (("--since", "2026-06-15T09:45"), [SECOND]),
        (("--since", "2026-06-15T09:30", "--until", "2026-06-15T10:00"), [FIRST, SECOND]),
        (("--until", "2026-06-15T09:00"), []),
    ],
)
def test_the_list_may_be_of_a_span_of_time(
    recorded: Path, arguments: tuple[str, ...], found: list[str]
) -> None:
    told = mitmeter("journal", "list", *arguments, "--json", data=recorded).objects
    assert [each["conversation"] for each in told] == found


def test_a_conversation_is_shown_from_login_to_close(recorded: Path) -> None:
    lines = mitmeter("journal", "show", FIRST, data=recorded).lines
    assert lines[0] == (
        f"── {FIRST} trap alphaess, station battery: {PEER}, 2026-06-15 09:00:00 UTC, simulated"
    )
    assert lines[1].endswith("device ▶   50 bytes of a message not yet whole")
    assert 'device ▶   Login {"UserName":"AL9900000000007","Password":' in lines[2]
    assert '◀ head-end Reply command=2 {"Status":"Success"}' in lines[3]
    assert lines[-1] == f"── {FIRST} closed at 09:40:00: the line was cut"
    assert not any("UNDECODABLE" in line for line in lines)


def test_a_message_in_a_pipe_is_whole_however_long(recorded: Path) -> None:
    lines = mitmeter("journal", "show", data=recorded).lines
    (report, *_) = (line for line in lines if "ConfigReport" in line)
    assert report.endswith("}")
    assert len(report) > 2000


def test_a_message_that_began_before_the_span_is_still_decoded(recorded: Path) -> None:
    chunks = mitmeter("journal", "show", "--json", data=recorded).objects
    # A configuration report of more than 700 bytes comes in several chunks.
    at = next(
        index for index, each in enumerate(chunks) if bytes.fromhex(each["hex"])[:3] == b"\1\1\4"
    )
    since = ("--since", chunks[at + 1]["received"])
    shown = mitmeter("journal", "show", *since, data=recorded).lines
    assert shown[0].startswith(f"── {FIRST} ")
    assert any("ConfigReport {" in line for line in shown[:12])
    assert not any("UNDECODABLE" in line for line in shown)


def test_a_span_shows_only_who_said_something_in_it(recorded: Path) -> None:
    out = mitmeter("journal", "show", "--since", "2026-06-15T10:00", data=recorded).out
    assert FIRST not in out
    assert SECOND in out


def test_hex_shows_the_bytes_as_they_lie_in_the_journal(recorded: Path) -> None:
    lines = mitmeter("journal", "show", FIRST, "--hex", data=recorded).lines
    assert lines[1].endswith("device ▶   50 bytes")
    assert lines[2] == (
        '    000000  01 01 02 00 00 00 51 7b 22 55 73 65 72 4e 61 6d  ......Q{"UserNam'
    )


def test_json_shows_every_chunk_as_bytes(recorded: Path) -> None:
    chunk = mitmeter("journal", "show", FIRST, "--json", data=recorded).objects[0]
    assert list(chunk) == ["chunk", "station", "peer", "sender", "ours", "received", "hex"]
    assert chunk["chunk"] == f"{FIRST}/0"
    assert (chunk["sender"], chunk["ours"]) == ("device", False)
    assert bytes.fromhex(chunk["hex"]).startswith(b'\1\1\2\0\0\0\x51{"UserName"')


def test_the_beginning_of_a_name_is_enough_in_any_case(recorded: Path) -> None:
    whole = mitmeter("journal", "show", SECOND, data=recorded)
    assert mitmeter("journal", "show", SECOND[:10].lower(), data=recorded) == whole


def test_redacted_words_hold_nothing_private(recorded: Path) -> None:
    out = mitmeter("journal", "show", "--redact", data=recorded).out
    assert "Login {" in out
    assert "command set for alphaess:" in out
    assert not [word for word in PRIVATE if word in out]


@pytest.mark.parametrize("command", ["show", "export --jsonl -", "cut --into new"])
def test_a_name_no_conversation_has_is_an_error_and_nothing_is_written(
    recorded: Path, command: str
) -> None:
    name, *options = command.split()
    done = mitmeter("journal", name, *options, FIRST, "0XX", data=recorded)
    assert done.code == 1
    assert done.complaint == "no conversation begins with '0XX'; see 'mitmeter journal list'"
    assert not Path("new").exists()


def test_a_sound_journal_is_called_sound(recorded: Path) -> None:
    done = mitmeter("journal", "verify", data=recorded)
    assert done.code == 0
    assert done.out.startswith("1 segment, ")
    assert done.out.endswith(" records, sound\n")


class TestDamage:
    @pytest.fixture(autouse=True)
    def _damaged(self, copied: Path) -> None:
        (segment,) = (copied / "journal").glob("*.jsonl")
        content = bytearray(segment.read_bytes())
        content[len(content) // 2] ^= 1
        segment.write_bytes(content)

    def test_is_found_and_its_place_named(self, copied: Path) -> None:
        done = mitmeter("journal", "verify", data=copied)
        assert done.code == 1
        assert done.out.endswith(" records, 2 problems\n")
        line, gap = done.err.splitlines()
        assert re.match(r"1:\d+: the line's checksum is [0-9a-f]{8}, its bytes give ", line)
        assert " where " in gap

    def test_is_told_as_json(self, copied: Path) -> None:
        done = mitmeter("journal", "verify", "--json", data=copied)
        (told,) = done.objects
        assert (done.code, told["found"], len(told["problems"])) == (1, 2, 2)

    def test_is_left_out_of_what_is_shown_and_that_is_said(self, copied: Path) -> None:
        done = mitmeter("journal", "show", data=copied)
        assert done.code == 0
        assert len(done.lines) > 100
        assert done.err == ("mitmeter: 1 damaged place left out; see 'mitmeter journal verify'\n")
