"""`mitmeter sinks`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mitmeter.sinks.state import Condition, Dead, Mark, SinkState, Stream
from mitmeter.store import Store
from tests.cli.program import mitmeter


@pytest.fixture
def data(tmp_path: Path, recorded: Path) -> Path:
    """A data directory with a sink that has sent nothing yet and holds a refused row."""
    folder = tmp_path / "data"
    shutil.copytree(recorded, folder, ignore=shutil.ignore_patterns("*.sock"))
    with Store.open(folder / "store.db") as store:
        identity = store.identity
    state = SinkState.open(folder / "sinks" / "attic.db")
    dead = Dead(Stream.READINGS, 1_748_779_200_000_000, "field type conflict", '{"value": "1"}')
    state.commit(Stream.READINGS, Mark(identity), sent=7, dead=[dead])
    state.become(Condition("waiting", "connection refused", 1_748_779_200_000_000, "influx"))
    state.close()
    return folder


def requests(data: Path) -> list[dict[str, object]]:
    state = SinkState.open(data / "sinks" / "attic.db", read_only=True)
    found = [request for _, request in state.requests()]
    state.close()
    return found


def test_a_sink_is_listed_with_its_state_and_how_far_it_is_behind(data: Path) -> None:
    heading, row = mitmeter("sinks", data=data).lines
    assert heading.split() == ["sink", "kind", "state", "behind", "sent", "refused", "why"]
    assert row.startswith("attic  influx  waiting")
    assert row.endswith("connection refused")


def test_json_says_the_same_for_machines(data: Path) -> None:
    (told,) = mitmeter("sinks", "list", "--json", data=data).objects
    assert told["sink"] == "attic"
    assert told["behind"] > 1000
    assert told["waiting_seconds"] > 0
    assert (told["sent"], told["refused"], told["dead"]) == (7, 1, 1)
    assert told["since"] == "2025-06-01T12:00:00Z"


def test_what_was_refused_is_shown_with_the_reason(data: Path) -> None:
    (told,) = mitmeter("sinks", "dead", "attic", "--json", data=data).objects
    assert (told["reason"], told["stream"]) == ("field type conflict", "readings")
    assert "field type conflict" in mitmeter("sinks", "dead", "attic", data=data).lines[1]


@pytest.mark.parametrize(
    ("words", "request_"),
    [
        (("retry", "attic"), {"do": "retry"}),
        (("forget", "attic"), {"do": "forget"}),
        (("resend", "attic"), {"do": "resend", "since": None}),
        (
            ("resend", "attic", "--since", "2025-06-01T12:00Z"),
            {"do": "resend", "since": 1_748_779_200_000_000},
        ),
    ],
)
def test_a_request_waits_for_the_daemon(
    data: Path, words: tuple[str, ...], request_: dict[str, object]
) -> None:
    done = mitmeter("sinks", *words, data=data)
    assert done.code == 0
    assert done.lines[0].endswith("as soon as mitmeter runs again")
    assert requests(data) == [request_]


def test_a_sink_that_never_ran_is_told_with_the_nearest(data: Path) -> None:
    done = mitmeter("sinks", "retry", "atic", data=data)
    assert done.code == 1
    assert "no sink 'atic' has run yet; did you mean 'attic'?" in done.err


def test_without_sinks_there_is_a_hint(recorded: Path) -> None:
    done = mitmeter("sinks", data=recorded)
    assert done.code == 0
    assert "config dump" in done.err
