"""History keeps the laws of every protocol that plays neither side."""

from __future__ import annotations

from hypothesis import strategies as st

from mitmeter.devices.history import SPEC
from mitmeter.devices.history.messages import Line
from mitmeter.model import Side
from mitmeter.testing.laws import Conformance

_PLAIN = st.characters(blacklist_categories=("Cc", "Cs"))
_TEXTS = (
    st.text(_PLAIN, max_size=200)
    | st.text('{}[]",:0123456789abc.= \\', max_size=80)
    | st.sampled_from(
        (
            '{"device":"glow:AB","quantity":"grid.power","value":1e3,"at":1763632800}',
            '{"device":"glow:AB","values":{"grid.import":1.50},"at":"2025-01-01T00:00:00+01:00"}',
            "glow:AB,grid.power,312,2025-01-01T00:00:00Z",
            "glow:AB,grid.power,NaN,0001-01-01T00:00:00+23:59",
            "power,device=glow:AB grid.power=312 1763632800",
        )
    )
)


class TestHistoryKeepsTheLaws(Conformance):
    spec = SPEC
    messages = st.builds(
        lambda side, text, ending: (side, Line(text, ending)),
        st.sampled_from(list(Side)),
        _TEXTS,
        st.sampled_from(("\n", "\r\n")),
    ) | st.builds(
        lambda side, text: (side, Line(text, "")),
        st.sampled_from(list(Side)),
        _TEXTS.filter(bool),
    )
