"""The laws every protocol keeps, for bytes of any kind."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from mitmeter.devices.plain import TCP, TLS
from mitmeter.devices.plain.messages import Line, Message, Piece, Request, Response
from mitmeter.model import Side
from mitmeter.testing.laws import Conformance

_WORDS = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"),
    min_size=1,
    max_size=60,
).map(lambda text: f"- {text}")
_TOKENS = st.text("abcXYZ09-", min_size=1, max_size=12)
_TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)


def _lines() -> st.SearchStrategy[Message]:
    return st.builds(Line, _WORDS, st.sampled_from(("\n", "\r\n", "")))


def _pieces() -> st.SearchStrategy[Message]:
    return st.binary(max_size=200).map(lambda data: Piece(b"\x01" + data))


def _requests() -> st.SearchStrategy[Message]:
    return st.builds(
        lambda method, path, host, body: Request(
            method,
            f"/{path}",
            (("Host", host), ("Content-Length", str(len(body.encode())))),
            body,
        ),
        st.sampled_from(("GET", "POST", "PUT")),
        _TOKENS,
        _TOKENS,
        _TEXTS,
    )


def _responses() -> st.SearchStrategy[Message]:
    return st.builds(
        lambda status, value, body: Response(
            status,
            "Said",
            (("Server", value), ("Content-Length", str(1 + len(body)))),
            b"\xff" + body,
        ),
        st.sampled_from((200, 404, 500)),
        _TOKENS,
        st.binary(max_size=60),
    )


def any_message() -> st.SearchStrategy[tuple[Side, Message]]:
    both = st.tuples(st.sampled_from(list(Side)), _lines() | _pieces())
    asked = st.tuples(st.just(Side.DEVICE), _requests())
    answered = st.tuples(st.just(Side.HEADEND), _responses())
    return both | asked | answered


class TestConformance(Conformance):
    spec = TCP
    messages = any_message()
    # One HTTP message with the largest body that is taken.
    most_held = 16_384 + 1_048_576


def test_tls_differs_from_tcp_by_its_name_and_where_it_listens() -> None:
    assert (TLS.name, TLS.listen) == ("tls", "tls://127.0.0.1:4433")
    assert replace(TLS, name=TCP.name, title=TCP.title, listen=TCP.listen) == TCP
