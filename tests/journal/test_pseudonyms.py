from __future__ import annotations

import ipaddress
import string

from hypothesis import given
from hypothesis import strategies as st

from mitmeter.journal.pseudonyms import KeyedPseudonyms

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)


def shape(text: str) -> str:
    """Return 9 for digits, A for capitals, a for small letters, everything else as it is."""
    return "".join(
        "9" if c in string.digits
        else "A" if c in string.ascii_uppercase
        else "a" if c in string.ascii_lowercase
        else c
        for c in text
    )  # fmt: skip


@given(st.text(string.printable, max_size=60))
def test_shape_and_length_stay(value: str) -> None:
    assert shape(KeyedPseudonyms(b"key").text(value)) == shape(value)


@given(ANY_TEXT)
def test_any_text_keeps_its_length_in_characters_and_bytes(value: str) -> None:
    shown = KeyedPseudonyms(b"key").text(value)
    assert len(shown) == len(value)
    assert len(shown.encode("utf-8", "surrogatepass")) == len(
        value.encode("utf-8", "surrogatepass")
    )


@given(ANY_TEXT)
def test_the_same_key_and_value_give_the_same_stand_in(value: str) -> None:
    assert KeyedPseudonyms(b"key").text(value) == KeyedPseudonyms(b"key").text(value)


def test_another_key_gives_another_stand_in() -> None:
    serial = "AL9900000000007"
    assert KeyedPseudonyms(b"one").text(serial) != KeyedPseudonyms(b"two").text(serial)


@given(st.text(string.ascii_letters + string.digits, min_size=4, max_size=20))
def test_four_or_more_letters_and_digits_never_stand_for_themselves(value: str) -> None:
    assert KeyedPseudonyms(b"key").text(value) != value


def test_no_four_digits_stand_for_themselves_and_hardly_any_share_a_stand_in() -> None:
    names = KeyedPseudonyms(b"key")
    values = [f"{number:04d}" for number in range(10_000)]
    shown = [names.text(value) for value in values]
    assert all(one != other for one, other in zip(values, shown, strict=True))
    assert len(set(shown)) > 9_950


def test_serials_that_differ_in_one_digit_look_unrelated() -> None:
    names = KeyedPseudonyms(b"key")
    one, other = names.text("AL9900000000007"), names.text("AL9900000000008")
    assert sum(a != b for a, b in zip(one, other, strict=True)) > 5


def test_letters_beyond_ascii_do_not_shine_through() -> None:
    shown = KeyedPseudonyms(b"key").text("Zoë Müller Иванов 東京都")
    assert not set("ЗИванов東京都") & set(shown)
    assert [len(word) for word in shown.split(" ")] == [3, 6, 6, 3]


def test_an_address_becomes_a_documentation_address_and_keeps_its_port() -> None:
    names = KeyedPseudonyms(b"key")
    host, _, port = names.address("192.168.101.7:50123").partition(":")
    assert port == "50123"
    nets = [ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
    assert any(ipaddress.ip_address(host) in net for net in nets)
    assert names.address("192.168.101.7:4") == f"{host}:4"
    assert names.address("192.168.101.7") == host


def test_hundreds_of_hosts_get_different_addresses() -> None:
    names = KeyedPseudonyms(b"key")
    shown = {names.address(f"10.0.{n // 250}.{n % 250}:1") for n in range(700)}
    assert len(shown) == 700
    assert names.address("10.9.9.9:1")


def test_more_hosts_than_documentation_addresses_are_no_error() -> None:
    names = KeyedPseudonyms(b"key")
    shown = {names.address(f"10.1.{n // 250}.{n % 250}") for n in range(2000)}
    assert 700 < len(shown) <= 762


def test_ip6_keeps_its_brackets() -> None:
    names = KeyedPseudonyms(b"key")
    shown = names.address("[fe80::1%eth0]:80")
    assert shown.startswith("[2001:db8")
    assert shown.endswith("]:80")
    bare = ipaddress.ip_address(names.address("fe80::1"))
    assert bare in ipaddress.ip_network("2001:db8::/32")


def test_a_host_name_becomes_a_name_of_the_same_shape() -> None:
    shown = KeyedPseudonyms(b"key").address("battery.local:7777")
    assert shape(shown.removesuffix(":7777")) == "aaaaaaa.aaaaa"
    assert not shown.startswith("battery")
