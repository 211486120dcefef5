"""`mitmeter persona list`, `show` and `new`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import mitmeter
from tests.daemon.toymeter import installed


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with installed():
        yield


def test_the_shipped_personas_are_listed_with_the_default_marked() -> None:
    lines = [line.split() for line in mitmeter("persona", "list", "alphaess").lines]
    assert lines == [
        ["protocol", "persona"],
        ["alphaess", "smile5", "default"],
        ["alphaess", "smile5-unruly"],
    ]
    objects = mitmeter("persona", "list", "--json").objects
    assert {"protocol": "efergy", "persona": "h2", "default": False} in objects
    assert "toy" not in {each["protocol"] for each in objects}


def test_a_persona_is_shown_as_its_file_stands() -> None:
    done = mitmeter("persona", "show", "alphaess")
    assert done.code == 0
    assert "AL9900000000007" in str(tomllib.loads(done.out))


def test_a_new_one_is_written_once_and_printed_without_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    done = mitmeter("persona", "new", "toy", file, "--seed", "1042")
    assert (done.code, done.out) == (0, f"{file} written; keep it to yourself\n")
    assert tomllib.loads(file.read_text()) == {"registers": {"1": "42 W"}}
    again = mitmeter("persona", "new", "toy", file)
    assert (again.code, again.complaint) == (
        1,
        f"{file} is there already; move it away, or name another",
    )
    printed = mitmeter("persona", "new", "toy", "--seed", "7")
    assert printed.out == '[registers]\n1 = "7 W"\n'


def test_two_new_ones_differ() -> None:
    made = {mitmeter("persona", "new", "toy").out for _ in range(12)}
    assert len(made) > 3


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("persona new alphaess", 3, "protocol: no alphaess can be made up; there is "),
        ("persona new toi", 3, "did you mean 'toy'?"),
        ("persona new toy nowhere/mine.toml", 1, "nowhere/mine.toml: No such file"),
        ("persona new toy --seed -1", 2, "--seed"),
        ("persona show toy", 3, "protocol: toy has no personas"),
        ("persona show alphaess smile6", 3, "NAME: 'smile6' is neither a file nor a shipped"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(arguments: str, code: int, words: str) -> None:
    done = mitmeter(*arguments.split())
    assert done.code == code
    assert words in done.complaint
