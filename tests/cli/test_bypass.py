"""`mitmeter bypass`, against a control socket that answers as told."""

from __future__ import annotations

from pathlib import Path

from tests.cli.program import mitmeter
from tests.cli.test_command import answering


def test_a_station_is_bypassed_for_an_hour_unless_told_otherwise(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with answering(data, {"text": "done"}) as asked:
        done = mitmeter("bypass", "battery", data=data)
        assert (done.code, done.out, done.err) == (0, "done\n", "")
        mitmeter("bypass", "battery", "--for", "1h30m", data=data)
        mitmeter("bypass", "battery", "--off", data=data)
    assert [each["seconds"] for each in asked] == [3600.0, 5400.0, None]
    assert {(each["do"], each["station"]) for each in asked} == {("bypass", "battery")}


def test_a_refusal_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with answering(data, {"error": "station battery: is a trap"}):
        done = mitmeter("bypass", "battery", data=data)
    assert (done.code, done.out, done.err) == (1, "", "mitmeter: station battery: is a trap\n")


def test_off_takes_no_time(tmp_path: Path) -> None:
    done = mitmeter("bypass", "battery", "--off", "--for", "1h", data=tmp_path)
    assert done.code == 2
    assert "--off is now, and takes no --for" in done.err


def test_without_a_daemon_it_says_so(tmp_path: Path) -> None:
    done = mitmeter("bypass", "battery", data=tmp_path)
    assert done.code == 1
    assert "no mitmeter is running on" in done.err
