"""Tokens in files, and sessions made of them."""

from pathlib import Path

import pytest

from mitmeter.dashboard.tokens import CONTROL_FILE, Scope, Sessions, Tokens
from mitmeter.errors import ConfigError


def test_tokens_are_made_once_and_differ(tmp_path: Path) -> None:
    first, second = Tokens.of(tmp_path), Tokens.of(tmp_path)
    assert first.control == second.control
    assert first.read == second.read
    assert first.control != first.read
    assert len(first.control.reveal()) >= 40
    assert first.scope(first.control.reveal()) is Scope.CONTROL
    assert first.scope(first.read.reveal()) is Scope.READ
    assert first.scope("") is None
    assert first.scope("\udc80") is None


def test_a_token_of_the_owners_is_taken_and_hidden_from_others(tmp_path: Path) -> None:
    path = tmp_path / CONTROL_FILE
    path.write_text("correct-horse-battery-staple\n")
    path.chmod(0o644)
    assert Tokens.of(tmp_path).scope("correct-horse-battery-staple") is Scope.CONTROL
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_token_too_short_to_be_one_is_refused_by_its_file(tmp_path: Path) -> None:
    (tmp_path / CONTROL_FILE).write_text("admin\n")
    with pytest.raises(ConfigError, match="web-token: is no token of 16 characters"):
        Tokens.of(tmp_path)


def test_a_session_ends_by_itself_and_with_its_tokens(tmp_path: Path) -> None:
    now = 1_000_000.0
    sessions = Sessions(b"key", lambda: now)
    mine = sessions.make(Scope.READ)
    assert sessions.scope(mine) is Scope.READ
    assert Sessions(b"another key", lambda: now).scope(mine) is None
    now += 29 * 86_400
    assert sessions.scope(mine) is Scope.READ
    now += 2 * 86_400
    assert sessions.scope(mine) is None


def test_a_forgotten_session_is_none_and_others_go_on() -> None:
    sessions = Sessions(b"key", lambda: 5.0)
    one, other = sessions.make(Scope.CONTROL), sessions.make(Scope.CONTROL)
    sessions.forget(one)
    sessions.forget("nonsense")
    assert sessions.scope(one) is None
    assert sessions.scope(other) is Scope.CONTROL
