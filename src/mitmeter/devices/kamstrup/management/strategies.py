"""Every message of the management service, for hypothesis. Only tests import this module."""

from __future__ import annotations

from hypothesis import strategies as st

from mitmeter.devices.kamstrup.management.commands import KNOWN
from mitmeter.devices.kamstrup.management.messages import Line, Message, Negotiation
from mitmeter.model import Side

_WORDS = (*sorted(KNOWN), "h", "H", "H !SC", "q", "Quit", "!XX", "!gc", "", " ", "\t!GC ")
_PARAMETERS = (
    "", "0", "1", "0 2 192.168.1.20", "192.168.1.20 4000", "192168001020", "999.1.1.1", "D",
    "1 0 0 0 0 0 0 192.168.1.20 Meter 0", "A Auto", "B 9600,8,N,1,CIL", "3600 60 10",
    "99999999999999999999", "kap.example.com", "x" * 80, "1.1.1.1 2.2.2.2 3.3.3.3", "é\x00\x1b[2J",
)  # fmt: skip


def messages() -> st.SearchStrategy[tuple[Side, Message]]:
    """Return who says it and the message: ordinary, odd, and telnet."""
    return st.one_of(
        (client_lines() | negotiations()).map(lambda message: (Side.HEADEND, message)),
        module_lines().map(lambda message: (Side.DEVICE, message)),
    )


def client_lines() -> st.SearchStrategy[Message]:
    ordinary = st.tuples(st.sampled_from(_WORDS), st.sampled_from(_PARAMETERS)).map(" ".join)
    odd = st.text(st.characters(max_codepoint=0xFE, blacklist_characters="\r\n"), max_size=60)
    ended = st.builds(Line, ordinary | odd, st.sampled_from(("\r", "\n")))
    return ended | st.builds(Line, ordinary.filter(bool), st.just(""))


def module_lines() -> st.SearchStrategy[Message]:
    ordinary = st.sampled_from(
        ("", "OK", "Connected to [00:13:EA:00:00:00]", "IP addr.            : 192.168.1.210",
         "Software Version: 5.5 (E5)", "? Command not found.", " [1] 0.0.0.0", "=" * 78)
    )  # fmt: skip
    odd = st.text(st.characters(max_codepoint=0xFF, blacklist_characters="\r\n"), max_size=60)
    ended = st.builds(Line, ordinary | odd, st.sampled_from(("\r\n", "\n")))
    return ended | st.builds(Line, (ordinary | odd).filter(bool), st.just(""))


def negotiations() -> st.SearchStrategy[Message]:
    options = st.tuples(st.sampled_from(b"\xfb\xfc\xfd\xfe"), st.integers(0, 255)).map(
        lambda given: bytes((0xFF, *given))
    )
    others = st.sampled_from((b"\xff\xf1", b"\xff\xf4", b"\xff\xfa\x18\x00xterm\xff\xf0"))
    return st.builds(Negotiation, options | others)
