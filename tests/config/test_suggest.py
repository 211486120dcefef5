"""Did you mean."""

from __future__ import annotations

from mitmeter.config.suggest import hint, nearest, one_of


def test_the_nearest_known_word_is_found_whatever_its_case() -> None:
    assert nearest("Timezon", ["id", "timezone"]) == "timezone"
    assert nearest("london", ["Paris", "London"]) == "London"


def test_nothing_is_found_when_nothing_is_near() -> None:
    assert nearest("xyz", ["id", "timezone"]) is None


def test_a_hint_suggests_or_lists_what_there_is() -> None:
    assert hint("tpc", ["tcp", "udp"]) == "did you mean 'tcp'?"
    assert hint("xyz", ["tcp", "udp"]) == "there is tcp, udp"
    assert hint("xyz", []) == "there is none"


def test_a_long_list_is_cut_short() -> None:
    assert hint("xyz", [f"k{n:02}" for n in range(40)]).endswith("k11, …")


def test_an_unknown_word_is_named() -> None:
    assert one_of("tpc", ["tcp"]) == "'tpc' is not known; did you mean 'tcp'?"
