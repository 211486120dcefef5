"""`mitmeter protocols` and `mitmeter config`."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.program import mitmeter

STATION = """
[site]
id = "garage"

[[station]]
name = "battery"
role = "trap"
protocol = "alphaess"
"""


def test_protocols_are_listed_with_what_they_can() -> None:
    lines = mitmeter("protocols").lines
    assert "alphaess  AlphaESS battery" in lines
    assert "  roles     emulate, proxy, trap" in lines
    assert "  listen    tcp://127.0.0.1:7777" in lines
    assert "  rules     deny-writes, inject, redact" in lines
    assert "  personas  smile5, smile5-unruly" in lines
    assert any(line.startswith("  commands  charge-from-grid from=HOUR") for line in lines)
    assert any("Set the battery's clock" in line for line in lines)
    assert max(map(len, lines)) <= 100


def test_protocols_as_json_are_one_object_each() -> None:
    (alphaess,) = (
        each for each in mitmeter("protocols", "--json").objects if each["name"] == "alphaess"
    )
    assert alphaess["roles"] == ["emulate", "proxy", "trap"]
    assert alphaess["hosts"] == ["www.alphaess.com"]
    assert "sync-time" in alphaess["commands"]


def test_what_comes_out_of_files_has_no_role_and_takes_no_station() -> None:
    (history,) = (
        each for each in mitmeter("protocols", "--json").objects if each["name"] == "history"
    )
    assert (history["roles"], history["listen"]) == ([], "")
    for command in (("trap",), ("proxy", "--to", "tcp://127.0.0.1:9")):
        done = mitmeter(command[0], "history", *command[1:])
        assert (done.code, done.complaint) == (
            3,
            "protocol: history is met on no network; see mitmeter import",
        )
    Path("history.toml").write_text(STATION.replace("alphaess", "history"))
    done = mitmeter("config", "check", "history.toml")
    assert done.code == 3
    assert "station[0].protocol: history is met on no network" in done.err


def test_a_sound_configuration_is_called_fine_and_named() -> None:
    Path("mitmeter.toml").write_text(STATION)
    done = mitmeter("config", "check")
    assert (done.code, done.out) == (0, "mitmeter.toml is fine: 1 station, site garage\n") or (
        done.out.endswith("mitmeter.toml is fine: 1 station, site garage\n")
    )


def test_everything_that_is_wrong_is_told_at_once_a_line_each() -> None:
    Path("bad.toml").write_text(STATION.replace("role", "rule").replace("id", "idd"))
    done = mitmeter("config", "check", "bad.toml")
    assert (done.code, done.out) == (3, "")
    lines = done.err.splitlines()
    assert all(line.startswith("mitmeter: ") for line in lines)
    assert any("site.idd" in line for line in lines)
    assert any("station[0].rule" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere.toml",), "nowhere.toml: No such file or directory"),
        ((".",), ".: Is a directory"),
        (("-c", "nowhere.toml"), "--config: nowhere.toml is not there"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(arguments: tuple[str, ...], words: str) -> None:
    done = mitmeter("config", "check", *arguments)
    assert (done.code, done.complaint) == (3, words)


def test_without_a_configuration_that_is_said() -> None:
    done = mitmeter("config", "check")
    assert (done.code, done.out) == (
        0,
        "there is no configuration file; the defaults name no station\n",
    )


def test_the_dump_is_a_configuration_that_passes_the_check() -> None:
    dump = mitmeter("config", "dump").out
    assert tomllib.loads(dump)["site"]["id"] == "home"
    Path("mitmeter.toml").write_text(dump)
    assert mitmeter("config", "check").code == 0


def test_the_schema_is_json() -> None:
    assert json.loads(mitmeter("config", "schema").out)["properties"]["site"]
