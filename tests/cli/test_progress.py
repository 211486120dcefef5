"""How far something has come."""

import io

import pytest

from mitmeter.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_it_counts_and_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with Progress("records decoded", 12_000) as progress:
        progress.advance(5_000)
        assert terminal.getvalue().endswith("5,000 of 12,000 records decoded")
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_it_speaks_seldom_however_often_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr("time.monotonic", lambda: 1.0)
    with Progress("chunks sent") as progress:
        for _ in range(1000):
            progress.advance()
    assert terminal.getvalue() == "\r\x1b[K1 chunks sent\r\x1b[K"


@pytest.mark.parametrize(("quiet", "stream"), [(True, Terminal()), (False, io.StringIO())])
def test_elsewhere_and_for_who_wants_quiet_it_is_silent(
    monkeypatch: pytest.MonkeyPatch, quiet: bool, stream: io.StringIO
) -> None:
    monkeypatch.setattr("sys.stderr", stream)
    with Progress("chunks sent", quiet=quiet) as progress:
        progress.advance()
    assert stream.getvalue() == ""
