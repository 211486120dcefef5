"""Which protocol bytes are recognised as, by the bytes of every protocol's own vectors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter import registry
from mitmeter.daemon.recognition import FIRST_BYTES, Recognition, shown_codec
from mitmeter.model import Side
from mitmeter.protocol import Decoded
from mitmeter.testing.vectors import load_vectors

TCP = registry.spec("tcp")
HOST = b"Host: 10.20.30.02005e.h3.sensornet.info\r\n"
# Worked example K5 of the protocol fact sheet: GetRegister of 1055.
KMP = bytes.fromhex("803f1001041f6a9a0d")


def found(*turns: tuple[Side, bytes]) -> tuple[str, bool]:
    recognition = Recognition(TCP)
    for sender, data in turns:
        recognition.hear(sender, data)
    name = "" if recognition.found is None else recognition.found.name
    return name, recognition.turned


@pytest.mark.parametrize("name", ["alphaess", "kamstrup"])
def test_every_whole_frame_of_a_vector_is_recognised_as_its_own_protocol(name: str) -> None:
    spec = registry.spec(name)
    seen = 0
    for vector in load_vectors(spec.package):
        first = [*spec.codec().feed(vector.sender, vector.data)][:1]
        if not (first and isinstance(first[0], Decoded)) or len(first[0].raw) == 1:
            continue
        if "echoes" in vector.name:
            continue  # of a reader's own words, which were there before
        turned = spec.dials is Side.HEADEND
        sender = vector.sender.other if turned else vector.sender
        assert found((sender, vector.data)) == (name, turned), vector.name
        seen += 1
    assert seen > 5


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (b"POST /h3 HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n", "efergy"),
        (b"GET /check_key.html?p=0&ts=0 HTTP/1.1\r\n" + HOST + b"\r\n", "efergy"),
        (b"POST /h3 HTTP/1.1\r\nHost: www.example.com\r\n\r\n", ""),
        (b"POST /h3 HTTP/1.1\r\n" + HOST, ""),
        (b"POST /h33 HTTP/1.1\r\n" + HOST + b"\r\n", ""),
        (
            b"POST /zb02 HTTP/1.1\r\nHost: 10.20.30.02005e.cad.sensornet.info\r\n\r\n",
            "glow",
        ),
        (b"POST /zb02 HTTP/1.1\r\nHost: a.example\r\nX-ID: 12\r\n\r\n", "glow"),
        (b"POST /zb02 HTTP/1.1\r\nHost: a.example\r\n\r\n", ""),
        (b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", ""),
        (b"\x80\x0d\x80?\x10", ""),
    ],
)
def test_who_asks_like_a_device_is_recognised_and_nobody_else(said: bytes, name: str) -> None:
    assert found((Side.DEVICE, said)) == (name, False)


def test_a_frame_whose_checksum_is_wrong_is_not_recognised() -> None:
    wrong = KMP[:-2] + bytes((KMP[-2] ^ 0x01,)) + KMP[-1:]
    assert found((Side.DEVICE, wrong)) == ("", False)


@given(cut=st.integers(1, 8))
def test_it_does_not_matter_how_the_first_bytes_are_cut(cut: int) -> None:
    pieces = [(Side.DEVICE, KMP[at : at + cut]) for at in range(0, len(KMP), cut)]
    assert found(*pieces) == found((Side.DEVICE, KMP)) == ("kamstrup", True)


def test_nothing_is_recognised_once_one_side_has_said_enough() -> None:
    recognition = Recognition(TCP)
    recognition.hear(Side.HEADEND, bytes(FIRST_BYTES))
    assert recognition.over
    assert recognition.found is None


def test_who_looks_on_sees_plain_bytes_until_a_protocol_is_recognised() -> None:
    codec = shown_codec(TCP)
    (greeting,) = codec.feed(Side.HEADEND, b"ready")
    assert type(greeting.message).__name__ == "Line"  # type: ignore[union-attr] # it is decoded
    (half,) = codec.feed(Side.DEVICE, KMP[:4])
    assert type(half.message).__name__ == "Piece"  # type: ignore[union-attr] # it is decoded
    (whole,) = codec.feed(Side.DEVICE, KMP[4:])
    assert whole.raw == KMP
    assert type(whole.message).__name__ == "GetRegister"  # type: ignore[union-attr] # the same
