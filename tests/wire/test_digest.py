"""Digest logins against the standard's own example and a gateway's worked ones."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.errors import RemoteProtocolError
from mitmeter.wire.digest import (
    Challenge,
    Login,
    answer,
    challenge_text,
    login_text,
    parse_challenge,
    parse_login,
    parse_parameters,
    response,
)

# Worked examples of the gateway fact sheet, §2.8 and §3.7.
CONEXA = (
    'Digest realm="Conexa", qop="auth", nonce="5f0c1e77a9b34d2286e10badcafe2026", algorithm="MD5"'
)
PPC = (
    'Digest realm="SmartMeterGateway",qop="auth",algorithm="MD5",'
    'nonce="0123456789abcdef0123456789abcdef",opaque="fedcba9876543210fedcba9876543210"'
)


def test_a_gateways_first_login_is_answered_as_its_example_says() -> None:
    login = answer(
        parse_challenge(CONEXA),
        "consumer-0047",
        "Han#Test26",
        "GET",
        "/smgw/m2m",
        count=1,
        cnonce="a1b2c3d4e5f60718",
    )
    assert login_text(login) == (
        'Digest username="consumer-0047", realm="Conexa", '
        'nonce="5f0c1e77a9b34d2286e10badcafe2026", uri="/smgw/m2m", '
        'response="fc0916c0ea958a2c3f39cd163ce5678e", algorithm=MD5, qop=auth, nc=00000001, '
        'cnonce="a1b2c3d4e5f60718"'
    )


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "0bac89c4de1bea57196f4f99d429b17e"),
        ("SHA-256", "c433b1bc06f2033a9a2f3bb1eb27c02a71f115decb60dccea07694ba4e64b5d1"),
    ],
)
def test_the_second_request_counts_up_with_either_algorithm(algorithm: str, expected: str) -> None:
    challenge = replace(parse_challenge(CONEXA), algorithm=algorithm)
    login = answer(
        challenge,
        "consumer-0047",
        "Han#Test26",
        "POST",
        "/smgw/m2m/00471tst0000000042.sm/json",
        count=2,
        cnonce="a1b2c3d4e5f60718",
    )
    assert login.response == expected


@pytest.mark.parametrize(
    ("method", "count", "expected"),
    [
        ("GET", 1, "c0fedccc8fa46eba3d4007bba2b05fed"),
        ("POST", 2, "9502e3d620a5a045f8b3f54a3446c8d5"),
    ],
)
def test_a_challenge_without_blanks_is_read_and_its_opaque_given_back(
    method: str, count: int, expected: str
) -> None:
    login = answer(
        parse_challenge(PPC),
        "tst-user-21",
        "pw.21!",
        method,
        "/cgi-bin/hanservice.cgi",
        count=count,
        cnonce="c0ffee0000000001",
    )
    assert login.response == expected
    assert login.opaque == "fedcba9876543210fedcba9876543210"


def test_the_standards_example_holds() -> None:
    # RFC 7616 §3.9.1.
    login = Login(
        "Mufasa",
        "http-auth@example.org",
        "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "/dir/index.html",
        "",
        "SHA-256",
        "auth",
        1,
        "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert response(login, "Circle of Life", "GET") == (
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    )
    assert response(replace(login, algorithm="MD5"), "Circle of Life", "GET") == (
        "8ca523f5e9506fed4657c9700eebdbec"
    )


def test_a_login_without_qop_is_that_of_the_first_standard() -> None:
    # The formula of RFC 2069, by hand: md5(md5(u:r:p):n:md5(GET:/)).
    login = answer(Challenge("r", "n", qop=""), "u", "p", "GET", "/", count=1, cnonce="c")
    assert login.response == "f23121ca97143c6b358da620220c83b4"
    assert "qop" not in login_text(login)


def test_quoted_words_are_read_like_unquoted_ones() -> None:
    plain = 'Digest username="u", nonce="n", uri="/", response="r", algorithm=MD5, qop=auth, nc=0a'
    quoted = plain.replace("=MD5", '="MD5"').replace("=auth", '="auth"')
    assert parse_login(plain) == parse_login(quoted)
    assert parse_login(plain).count == 10


@given(
    st.builds(
        Login,
        *[st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)] * 5,
        algorithm=st.sampled_from(["MD5", "SHA-256"]),
        count=st.integers(0, 2**32 - 1),
        cnonce=st.text("abcdef0123456789", max_size=32),
        opaque=st.text('ab"\\,= ', max_size=20),
    )
)
def test_what_a_client_says_is_what_a_server_reads(login: Login) -> None:
    assert parse_login(login_text(login)) == login


@given(st.text('ab"\\ ,=', max_size=30), st.booleans())
def test_what_a_server_asks_is_what_a_client_reads(realm: str, stale: bool) -> None:
    challenge = Challenge(realm, "nonce", "SHA-256", "auth", "o", stale)
    assert parse_challenge(challenge_text(challenge)) == challenge


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (parse_challenge, parse_login, parse_parameters):
        with suppress(RemoteProtocolError):
            assert read(text) == read(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('Basic realm="x"', "expected Digest"),
        ('Digest realm="x"', "without a nonce"),
        ('Digest nonce="x", qop="auth-int"', "expected auth"),
        ('Digest nonce="x", algorithm=SHA-512-256', "algorithm SHA-512-256"),
        ('Digest nonce="x", nonce="y"', "said twice"),
        ('Digest nonce="x', "not understood"),
    ],
)
def test_a_challenge_we_cannot_answer_says_why(text: str, why: str) -> None:
    with pytest.raises(RemoteProtocolError, match=why):
        parse_challenge(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('Digest username="u"', "without nonce"),
        ('Digest username="u", nonce="n", uri="/", response="r", nc=zz', "nc 'zz'"),
        ("", "expected Digest"),
    ],
)
def test_a_login_that_lacks_something_says_what(text: str, why: str) -> None:
    with pytest.raises(RemoteProtocolError, match=why):
        parse_login(text)
