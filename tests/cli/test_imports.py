"""`mitmeter import`, as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.program import mitmeter

ROW = '{"device":"glow:AB","quantity":"grid.power","value":312.0,"at":"2025-01-01T00:00:00Z"}\n'


def test_what_is_exported_comes_back_the_same_and_only_once(tmp_path: Path) -> None:
    data, other = tmp_path / "one", tmp_path / "other"
    file = tmp_path / "a.jsonl"
    file.write_text(ROW + ROW.replace("312.0", "5").replace("T00:00", "T01:30"), "utf-8")
    done = mitmeter("import", str(file), data=data)
    assert (done.code, done.err) == (0, "")
    assert done.out == "2 readings of glow:AB, 2025-01-01 to 2025-01-01\n"
    again = mitmeter("import", str(file), "--json", data=data).objects[0]
    assert (again["readings"], again["new"], again["devices"]) == (2, 0, ["glow:AB"])
    exported = mitmeter("readings", "--json", "--all", data=data)
    assert [each["value"] for each in exported.objects] == [312, 5]
    assert '"value":312.0,' in exported.out
    copy = tmp_path / "b.jsonl"
    copy.write_text(exported.out, "utf-8")
    assert mitmeter("import", str(copy), "--json", data=data).objects[0]["new"] == 0
    assert mitmeter("import", str(copy), "--json", data=other).objects[0]["new"] == 2
    assert mitmeter("rebuild", "--json", data=data).objects[0]["same"] == 2


@pytest.mark.parametrize(
    ("name", "text", "options", "values"),
    [
        ("a.csv", "Device,Quantity,Value,At\nglow:AB,grid.power,1,1735689600\n", (), [1]),
        ("b.csv", "at;kWh\n2025-01-01 00:30;12,5\n", ("--map", "kWh=grid.import"), [12.5]),
        ("c.tsv", "time\tgrid.power\n2025-01-01\t7\n\n# end\n2025-01-02\t8", (), [7, 8]),
        ("d.txt", "r,quantity=gas.volume value=7i 1735689600000000000\n", (), [7]),
        ("e.lp", "grid.power value=3 1735689600\n", ("--simulated",), [3]),
        ("f", '\ufeff{"quantity":"grid.power","value":9,"at":1735689600}\r\n', (), [9]),
    ],
)
def test_the_form_is_seen_from_the_file(
    tmp_path: Path, name: str, text: str, options: tuple[str, ...], values: list[float]
) -> None:
    file = tmp_path / name
    file.write_text(text, "utf-8")
    data = tmp_path / "data"
    zone = ("--timezone", "Europe/Berlin")
    done = mitmeter("import", str(file), "--device", "glow:AB", *zone, *options, data=data)
    assert (done.code, done.err) == (0, "")
    found = mitmeter("readings", "--json", data=data).objects
    assert [each["value"] for each in found] == values
    assert {each["origin"] for each in found} == {
        "synthetic" if "--simulated" in options else "observed"
    }
    if name == "b.csv":
        assert found[0]["at"] == "2024-12-31T23:30:00Z"


@pytest.mark.parametrize(
    ("text", "options", "code", "words"),
    [
        (ROW + "{}\n", (), 1, "x.jsonl line 2: device is missing; nothing is imported"),
        ("\n", (), 1, "x.jsonl holds no readings"),
        (ROW, ("--map", "x"), 3, "--map: 'x' is not NAME=QUANTITY"),
        ("a,b\n", ("--format", "csv"), 3, "columns: there is no column 'at'"),
        (ROW, ("--device", "glow"), 3, "device: "),
        (ROW, ("--timezone", "Mars"), 3, "Mars"),
        (ROW, ("--format", "xml"), 2, "xml"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_and_nothing_is_imported(
    tmp_path: Path, text: str, options: tuple[str, ...], code: int, words: str
) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(text, "utf-8")
    done = mitmeter("import", str(file), *options, data=tmp_path / "data")
    assert done.code == code
    assert words in done.complaint
    assert not (tmp_path / "data").exists()


def test_the_rest_of_a_bad_file_is_imported_where_that_is_asked_for(tmp_path: Path) -> None:
    file, data = tmp_path / "x.jsonl", tmp_path / "data"
    file.write_text("rubble\n" + ROW + "{\n", "utf-8")
    done = mitmeter("import", str(file), "--skip-bad-lines", "--format", "jsonl", data=data)
    assert (done.code, done.out[:9]) == (0, "1 reading")
    assert "left out, the first of them line 1: no JSON" in done.err
    assert mitmeter("events", "--json", data=data).out.count("mitmeter.history.refused") == 2


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    done = mitmeter("import", "/nowhere/x.csv", data=tmp_path)
    assert (done.code, done.complaint) == (1, "/nowhere/x.csv: No such file or directory")
