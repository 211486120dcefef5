import contextlib
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.devices.smgw.dialects.ppc_export import (
    is_export,
    parse_export,
    parse_profile,
    signed_content,
)
from mitmeter.devices.smgw.status import Ptb
from mitmeter.errors import RemoteProtocolError
from tests.devices.smgw.smgw_examples import response

WHOLE = response("PPC: a signed export, its content whole").body
PIECES = response("PPC: a signed export, its content in pieces of indefinite length").body


@pytest.mark.parametrize("body", [WHOLE, PIECES], ids=["whole", "in pieces"])
def test_a_signed_file_tells_its_values_and_their_validity(body: bytes) -> None:
    assert is_export(body)
    found = parse_export(body)
    assert found.name == "01005e31803c.1tst0000000055.sm"
    told = [(v.meter, v.code, v.number, v.unit, v.at, v.ptb) for v in found.values]
    assert told == [
        (
            "1tst0000000055",
            "0100010800ff",
            Decimal("1055400.0"),
            "Wh",
            datetime(2026, 2, 28, 23, 0, 1, tzinfo=UTC),
            Ptb.OK,
        ),
        (
            "1tst0000000055",
            "0100010800ff",
            Decimal("1055120.0"),
            "Wh",
            datetime(2026, 2, 28, 22, 45, 3, tzinfo=UTC),
            Ptb.UNUSABLE,
        ),
    ]


def test_both_forms_hold_the_same_content() -> None:
    assert signed_content(WHOLE) == signed_content(PIECES)
    assert signed_content(WHOLE).endswith(b"</ns1:object>\n")


def test_what_is_not_present_is_no_value() -> None:
    text = signed_content(WHOLE).replace(
        b"<ns2:unsigned>4</ns2:unsigned>", b"<ns2:unsigned>3</ns2:unsigned>"
    )
    found = parse_profile(text)
    assert (len(found.values), found.odd) == (1, 0)


def test_prefixes_do_not_matter() -> None:
    text = signed_content(WHOLE).replace(b"ns1:", b"a:").replace(b"ns2:", b"b:")
    text = text.replace(b"xmlns:ns1", b"xmlns:a").replace(b"xmlns:ns2", b"xmlns:b")
    assert len(parse_profile(text).values) == 2


def test_a_document_type_is_refused_and_with_it_all_entities() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><a>&b;</a>'
    with pytest.raises(RemoteProtocolError, match="document type"):
        parse_profile(bomb)


@pytest.mark.parametrize(
    "text", [b"", b"<a>", b"not xml", b"<a>" * 100 + b"</a>" * 100, b"\xff\xfe<a/>"]
)
def test_what_is_no_profile_is_refused_in_words(text: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_profile(text)


@pytest.mark.parametrize("cut", [3, 20, 40, 200, len(WHOLE) // 2])
def test_a_file_cut_short_is_refused_in_words(cut: int) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_export(WHOLE[:cut])


@given(place=st.integers(0, len(PIECES) - 1), byte=st.integers(0, 255))
def test_one_wrong_byte_is_read_or_refused_in_words(place: int, byte: int) -> None:
    spoilt = PIECES[:place] + bytes([byte]) + PIECES[place + 1 :]
    with contextlib.suppress(RemoteProtocolError):
        parse_export(spoilt)


@pytest.mark.parametrize(
    "body",
    [
        b"\x30\x80" * 5_000_000,
        b"\x30\x84\x00\x90\x00\x00" + b"\x02\x00" * 4_700_000,
        b"\x30\x80" + b"\x02\x00" * 5_000_000,
    ],
)
def test_a_hostile_file_is_given_up_soon(body: bytes) -> None:
    began = time.monotonic()
    with pytest.raises(RemoteProtocolError):
        parse_export(body)
    assert time.monotonic() - began < 2
