"""`mitmeter pins`: list, accept, forget."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from mitmeter.daemon.trust import pin_book
from tests.cli.program import mitmeter

SEEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GATEWAY = "192.0.2.7:443"
FIRST, OTHER = (hashlib.sha256(shown).hexdigest() for shown in (b"first", b"other"))


def shown(data: Path, *certificates: bytes) -> None:
    for certificate in certificates:
        pin_book(data).judge(GATEWAY, certificate, "gateway", SEEN)


def test_a_pin_is_listed_with_what_waits_to_be_accepted(tmp_path: Path) -> None:
    shown(tmp_path, b"first", b"other")
    (pin,) = mitmeter("pins", "list", "--json", data=tmp_path).objects
    assert (pin["server"], pin["sha256"], pin["station"]) == (GATEWAY, FIRST, "gateway")
    assert pin["first_seen"] == "2026-03-01T12:00:00+00:00"
    assert pin["refused"]["sha256"] == OTHER
    assert "shows another: refused" in mitmeter("pins", "list", data=tmp_path).out


def test_what_is_accepted_is_trusted_from_then_on(tmp_path: Path) -> None:
    shown(tmp_path, b"first", b"other")
    done = mitmeter("pins", "accept", GATEWAY, data=tmp_path)
    assert done.code == 0
    assert OTHER in done.out
    (pin,) = mitmeter("pins", "list", "--json", data=tmp_path).objects
    assert (pin["sha256"], pin["refused"]) == (OTHER, None)


def test_what_is_forgotten_is_no_longer_listed(tmp_path: Path) -> None:
    shown(tmp_path, b"first")
    assert mitmeter("pins", "forget", GATEWAY, data=tmp_path).code == 0
    assert mitmeter("pins", "list", "--json", data=tmp_path).objects == []


def test_a_server_nobody_knows_is_one_clear_line(tmp_path: Path) -> None:
    shown(tmp_path, b"first")
    done = mitmeter("pins", "accept", "other:1", data=tmp_path)
    assert done.code == 1
    assert done.complaint == "no certificate of other:1 is known; known are 192.0.2.7:443"
