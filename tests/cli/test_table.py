"""Tables in windows of any width."""

import pytest

from mitmeter.cli.table import Column, print_table

COLUMNS = (
    Column("at"),
    Column("device", drop=2),
    Column("what", fold=True),
    Column("value", right=True),
    Column("", drop=1),
)
LONG = "the battery says that everything is as it should be and always has been so"


def table(capsys: pytest.CaptureFixture[str], width: int, *rows: tuple[str, ...]) -> list[str]:
    print_table(COLUMNS, rows, "nothing", width)
    return capsys.readouterr().out.splitlines()


def test_columns_are_as_wide_as_their_widest_cell_and_numbers_stand_at_the_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert table(capsys, 0, ("10:00", "a", "x", "1", ""), ("10:01", "bcd", "yy", "1000", "")) == [
        "at     device  what  value",
        "10:00  a       x         1",
        "10:01  bcd     yy     1000",
    ]


def test_without_a_window_nothing_is_folded_or_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = table(capsys, 0, ("10:00", "d" * 30, LONG, "1", "simulated"))
    assert len(lines) == 2
    assert LONG in lines[1]
    assert lines[1].endswith("simulated")


def test_a_narrow_window_folds_the_long_column(capsys: pytest.CaptureFixture[str]) -> None:
    lines = table(capsys, 62, ("10:00", "a", LONG, "1", ""), ("10:01", "b", "short", "2", ""))
    assert lines == [
        "at     device  what                                      value",
        "10:00  a       the battery says that everything is as        1",
        "               it should be and always has been so",
        "10:01  b       short                                         2",
    ]


def test_what_is_the_same_in_every_row_is_said_once_above(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [(f"10:0{n}", "alphaess:AL9900000000007", LONG, "1", "") for n in range(3)]
    lines = table(capsys, 50, *rows)
    assert lines[0] == "device alphaess:AL9900000000007"
    assert lines[1].split() == ["at", "what", "value"]
    assert max(map(len, lines)) <= 50


def test_a_column_with_different_values_just_goes(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(f"10:0{n}", f"alphaess:AL990000000000{n}", LONG, "1", "") for n in range(3)]
    lines = table(capsys, 50, *rows)
    assert lines[0].split() == ["at", "what", "value"]
    assert "AL99" not in "".join(lines)


def test_what_can_neither_fold_nor_go_is_shown_whole(capsys: pytest.CaptureFixture[str]) -> None:
    print_table((Column("one"), Column("two")), [("a" * 30, "b" * 30)], "nothing", 20)
    assert capsys.readouterr().out.splitlines()[1] == "a" * 30 + "  " + "b" * 30


def test_no_rows_are_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_table(COLUMNS, [], "nothing", 80) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "nothing\n")
