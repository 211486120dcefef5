"""A sink's file: marks, counts, dead letters and requests outlive the process."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mitmeter.errors import SinkError
from mitmeter.sinks.state import Condition, Counts, Dead, Mark, SinkState, Stream

R, E = Stream.READINGS, Stream.EVENTS
MARK = Mark("store-1", 77, 5, "talk/3", 1_000_000, since=3)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SinkState]:
    made = SinkState.open(tmp_path / "sinks" / "x.db")
    yield made
    made.close()


def again(state: SinkState) -> SinkState:
    return SinkState.open(state.path, read_only=True)


def test_a_new_sink_has_no_mark_and_no_counts(state: SinkState) -> None:
    assert state.mark(R) is None
    assert state.counts() == Counts()
    assert state.condition() == Condition("new")


def test_marks_and_counts_are_there_after_opening_again(state: SinkState) -> None:
    state.commit(R, MARK, sent=5, skipped=2)
    state.commit(R, MARK, sent=1, dead=[Dead(R, 9, "no", "{}")])
    other = again(state)
    assert other.mark(R) == MARK
    assert other.mark(E) is None
    assert other.counts() == Counts(6, 2, 1)
    assert other.dead() == [Dead(R, 9, "no", "{}", 1)]
    other.close()


def test_what_was_confirmed_may_be_ahead_of_where_to_go_on(state: SinkState) -> None:
    tip = Mark("store-1", 99, 9)
    state.commit(R, MARK, tip=tip)
    assert (state.mark(R), state.tip(R)) == (MARK, tip)
    state.commit(R, MARK)
    assert state.tip(R) == MARK


def test_a_commit_is_all_or_nothing(state: SinkState) -> None:
    state.commit(R, MARK)
    broken = Dead(R, 9, "no", None)  # type: ignore[arg-type]  # what the table refuses
    with pytest.raises(SinkError):
        state.commit(R, Mark("store-1", 99), sent=7, dead=[broken])
    assert state.mark(R) == MARK
    assert state.counts() == Counts()


def test_dead_letters_sent_again_are_gone_and_those_refused_again_are_last(
    state: SinkState,
) -> None:
    state.commit(R, MARK, dead=[Dead(R, 1, "a", "1"), Dead(R, 1, "b", "2"), Dead(R, 1, "c", "3")])
    state.revive([1, 2], sent=1, skipped=0, again=[Dead(R, 2, "still", "2")])
    assert [(each.row, each.reason) for each in state.dead()] == [("3", "c"), ("2", "still")]
    assert state.counts() == Counts(sent=1, refused=3)


def test_dead_letters_are_read_in_pages(state: SinkState) -> None:
    state.commit(R, MARK, dead=[Dead(R, 1, "x", str(n)) for n in range(5)])
    assert [each.row for each in state.dead(2, after=1)] == ["1", "2"]
    assert [each.row for each in state.dead(9, after=1, until=3)] == ["1", "2"]
    assert state.newest_dead() == 5
    assert state.forget() == 5
    assert state.dead_count() == 0


def test_requests_wait_in_their_order(state: SinkState) -> None:
    state.ask({"do": "retry"})
    state.ask({"do": "resend", "since": 5})
    (first, _), (second, asked) = state.requests()
    state.done(first)
    assert asked == {"do": "resend", "since": 5}
    assert [number for number, _ in state.requests()] == [second]


def test_nobody_else_may_read_the_file(state: SinkState) -> None:
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.path.parent.stat().st_mode) == 0o700


def test_a_file_of_a_newer_mitmeter_is_refused_in_words(state: SinkState) -> None:
    with sqlite3.connect(state.path) as db:
        db.execute("PRAGMA user_version = 9")
    db.close()
    with pytest.raises(SinkError, match="newer mitmeter"):
        SinkState.open(state.path)


def test_what_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("not a database, but long enough to look at" * 50)
    with pytest.raises(SinkError, match=r"x\.db: file is not a database"):
        SinkState.open(tmp_path / "x.db")
