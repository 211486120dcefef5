"""The nasty samples are what their names say."""

from __future__ import annotations

from mitmeter.testing.corpus import NASTY, flood


def sample(name: str) -> bytes:
    return next(each.data for each in NASTY if each.name == name)


def test_no_two_samples_have_one_name() -> None:
    assert len({each.name for each in NASTY}) == len(NASTY)


def test_the_tls_hello_begins_as_a_handshake_record() -> None:
    assert sample("a TLS hello")[:6] == bytes.fromhex("160301 00c8 01")


def test_a_four_gigabyte_length_stands_where_a_length_after_three_bytes_is_read() -> None:
    data = sample("4 GB length, big-endian, after three bytes")
    assert int.from_bytes(data[3:7], "big") == 4_294_967_295


def test_a_flood_repeats_its_unit_and_is_exactly_as_long_as_asked() -> None:
    assert flood(b"abc", 8) == b"abcabcab"
