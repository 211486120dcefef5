"""`mitmeter events`."""

from pathlib import Path

import pytest

from tests.cli.program import mitmeter
from tests.cli.recording import SECOND


def test_what_happened_is_told_in_words(recorded: Path) -> None:
    done = mitmeter("events", data=recorded)
    text = done.out
    assert "the battery logged in" in text
    assert "connection closed: the line was cut" in text
    assert "command set for alphaess:AL9900000000007 refused" in text


def test_only_what_is_severe_enough_is_shown(recorded: Path) -> None:
    told = mitmeter("events", "--severity", "notice", "--json", data=recorded).objects
    assert {each["severity"] for each in told} <= {"notice", "warning", "alarm"}
    assert "mitmeter.command.refused" in {each["eventid"] for each in told}


def test_ids_are_chosen_by_their_beginning_and_fields_lie_flat_beside_them(
    recorded: Path,
) -> None:
    (told,) = mitmeter("events", "--id", "mitmeter.command", "--json", data=recorded).objects
    assert told["eventid"] == "mitmeter.command.refused"
    assert told["session"] == SECOND
    assert told["device"] == "alphaess:AL9900000000007"
    assert told["tried"] == ["AL9900000000007", "nobody"]
    assert told["count"] == 1


def test_the_limit_keeps_the_newest(recorded: Path) -> None:
    everything = mitmeter("events", "--all", "--json", data=recorded).lines
    assert mitmeter("events", "--limit", "2", "--json", data=recorded).lines == everything[-2:]


def test_no_such_events_is_no_error(recorded: Path) -> None:
    done = mitmeter("events", "--severity", "alarm", data=recorded)
    assert (done.code, done.out, done.err) == (0, "", "no such events\n")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--severity", "bad"), 2, "'bad' is not one of"),
        (("--device", "foo"), 1, "was never heard"),
        (("--since", "x"), 2, "--since: 'x' is neither"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(
    recorded: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = mitmeter("events", *arguments, data=recorded)
    assert done.code == code
    assert words in done.complaint
