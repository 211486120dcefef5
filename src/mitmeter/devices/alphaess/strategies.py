"""Every message the protocol has, for hypothesis. Only tests import this module."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReply,
    ConfigReport,
    ConfigRequest,
    History,
    Json,
    Login,
    Members,
    Message,
    Notice,
    Object,
    Other,
    Ready,
    Reply,
    ServerCommand,
    Status,
    Telemetry,
)
from mitmeter.devices.alphaess.registers import (
    CONFIG_REPLY_FIELDS,
    CONFIG_REPORT_FIELDS,
    HISTORY_FIELDS,
    STATUS_FIELDS,
    TELEMETRY_FIELDS,
)
from mitmeter.model import Side

_DESCRIBED = frozenset({0, 2, 3, 4, 5, 9, 12, 16})
_COMMAND, _CONFIG = 8, 3


def messages() -> st.SearchStrategy[tuple[Side, Message]]:
    """Return who says it and the message: ordinary, odd, and what nobody has described."""
    return st.one_of(
        from_device().map(lambda message: (Side.DEVICE, message)),
        from_headend().map(lambda message: (Side.HEADEND, message)),
    )


def from_device() -> st.SearchStrategy[Message]:
    """Return what a battery says."""
    any_members = members()
    return st.one_of(
        st.just(Ready()),
        st.builds(Login, any_members),
        st.builds(Notice, any_members),
        st.builds(ConfigRequest, any_members),
        st.builds(ConfigReport, any_members | fields(CONFIG_REPORT_FIELDS)),
        st.builds(Telemetry, any_members | fields(TELEMETRY_FIELDS)),
        st.builds(Status, any_members | fields(STATUS_FIELDS)),
        st.builds(Acknowledgement, any_members),
        st.builds(Acknowledgement, members(("Command",)), _numbers()),
        histories(),
        _others(1, "command {}", _numbers(_DESCRIBED)),
    )


def from_headend() -> st.SearchStrategy[Message]:
    """Return what a server says."""
    return st.one_of(
        st.builds(Reply, st.just((("Status", "Success"),)), _numbers({_CONFIG})),
        st.builds(Reply, members(("Status",)), _numbers({_CONFIG})),
        st.builds(ConfigReply, members() | fields(CONFIG_REPLY_FIELDS)),
        st.builds(ServerCommand, members()),
        st.builds(
            ServerCommand,
            members(("Command",)).filter(lambda found: all(name != "Status" for name, _ in found)),
            _numbers({_CONFIG, _COMMAND}),
        ),
        _others(1, "command {} of a server", _numbers({_COMMAND})),
    )


def members(needed: tuple[str, ...] = ()) -> st.SearchStrategy[Members]:
    """Return members in any order, names repeated or not, the needed ones among them."""
    name = st.sampled_from(("SN", "Time", "Status", "Command", "SOC", "Généré")) | text(12)
    some = st.lists(st.tuples(name, values()), max_size=6)
    must = st.tuples(*(st.tuples(st.just(each), values()) for each in needed))
    return st.tuples(some, must, st.randoms(use_true_random=False)).map(
        lambda parts: tuple(sorted((*parts[0], *parts[1]), key=lambda _: parts[2].random()))
    )


def fields(names: tuple[str, ...]) -> st.SearchStrategy[Members]:
    """Return the members a battery really sends, in order, with likely and unlikely values."""
    likely = st.sampled_from(
        [
            *("0", "0.0", "-118", "72.4", "17042661", "99,99", "Normal", "AL9900000000007"),
            *("2025/06/01 12:00:20", "2025/02/30 25:61:61", "1e999999999", "NaN", ""),
        ]
    )
    values_in_order = st.lists(likely | text(8), min_size=len(names), max_size=len(names))
    return values_in_order.map(lambda found: tuple(zip(names, found, strict=True)))


def values() -> st.SearchStrategy[Json]:
    """Return any JSON value, nested a little, with absurd numbers among them."""
    numbers = st.one_of(
        st.integers().map(Decimal),
        st.decimals(allow_nan=False, allow_infinity=False),
        st.sampled_from((Decimal("1E+999999999"), Decimal("1E-999999999"), Decimal("9" * 500))),
    )
    plain: st.SearchStrategy[Json] = st.one_of(text(20), st.booleans(), st.none(), numbers)
    return st.recursive(
        plain,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(tuple),
            st.lists(st.tuples(text(5), inner), max_size=3).map(lambda found: Object(tuple(found))),
        ),
        max_leaves=6,
    )


def text(most: int) -> st.SearchStrategy[str]:
    """Return any text of whole characters."""
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=most)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Return history rows of any width, under the real columns or others."""
    cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=",\r\n"), max_size=8)
    columns = draw(
        st.just(HISTORY_FIELDS)
        | st.lists(cell, max_size=4).map(lambda found: (*found, "SN", "Date", "Time"))
    )
    likely = st.sampled_from(("2025/06/01", "11:51:08", "AL9900000000007", "0", "-44.10"))
    width = st.lists(cell | likely, min_size=1, max_size=8).map(tuple)
    full = st.lists(likely, min_size=len(columns), max_size=len(columns)).map(tuple)
    rows = draw(st.lists(width | full, max_size=3))
    # An empty last line cannot be told from a line end.
    newline_at_end = draw(st.booleans()) or (bool(rows) and rows[-1] == ("",))
    return History(columns, tuple(rows), newline_at_end)


def _numbers(without: frozenset[int] | set[int] = frozenset()) -> st.SearchStrategy[int]:
    return st.sampled_from([number for number in range(256) if number not in without])


def _others(kind: int, what: str, numbers: st.SearchStrategy[int]) -> st.SearchStrategy[Other]:
    return st.tuples(numbers, st.binary(max_size=40)).map(
        lambda found: Other(
            kind, found[0], found[1], f"{what.format(found[0])} has never been described"
        )
    )
