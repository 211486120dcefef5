"""`mitmeter events --sessions`: each stranger who came to an emulated device, in one row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mitmeter import registry
from mitmeter.cli.output import utc_text
from mitmeter.cli.table import Column
from mitmeter.daemon.callers import prefix
from mitmeter.errors import ConfigError
from mitmeter.model import Side, instant, printable
from mitmeter.roles.role import Role
from mitmeter.store import RecordedConversation, RecordedEvent, Store

COLUMNS = (
    Column("from"),
    Column("who"),
    Column("station", drop=2),
    Column("lasted", right=True),
    Column("requests", right=True, drop=1),
    Column("said", right=True),
    Column("got", right=True),
    Column("what they tried", fold=True),
    Column("session", drop=3),
)
# These tell that somebody was there, not what was tried.
_PRESENCE = ("connection", "disconnect")


@dataclass(slots=True)
class Session:
    """One stranger's conversation. requests: None where nobody counted them."""

    recorded: RecordedConversation
    requests: int | None = None
    tried: Counter[str] = field(default_factory=Counter)

    @property
    def bytes_in(self) -> int:
        return self.recorded.headend_bytes

    @property
    def bytes_out(self) -> int:
        return self.recorded.device_bytes

    @property
    def seconds(self) -> float | None:
        """How long it was, None while it goes on."""
        closed = self.recorded.closed_ns
        return None if closed is None else (closed - self.recorded.conversation.opened_ns) / 1e9

    def heard(self, each: RecordedEvent) -> None:
        """Take in what happened in it."""
        event = each.event
        begin = prefix(self.recorded.conversation.protocol) + "."
        if not event.eventid.startswith(begin):
            return
        kind = event.eventid.removeprefix(begin)
        if kind == "disconnect" and isinstance(made := event.fields.get("requests"), int):
            self.requests = made
        if kind not in _PRESENCE:
            self.tried[kind] += 1


def sessions(
    store: Store, since: datetime | None, until: datetime | None, limit: int | None
) -> list[Session]:
    """Return the sessions open at some time of the span, the newest last; at most `limit`."""
    dialled: dict[str, bool] = {}
    found = [
        each
        for each in store.conversations(since, until, limit=None)
        if each.conversation.role == Role.EMULATE and _is_dialled(each, dialled)
    ]
    if limit is not None:
        found = found[-limit:]
    made = {each.conversation.id: Session(each) for each in found}
    if made:
        first = instant(min(each.conversation.opened_ns for each in found))
        for event in store.events(since=first, limit=None):
            session = made.get(event.conversation)
            if session is not None:
                session.heard(event)
    return list(made.values())


def _is_dialled(each: RecordedConversation, known: dict[str, bool]) -> bool:
    """Tell whether somebody came to the device; one that dials out meets no strangers."""
    protocol = each.conversation.protocol
    if protocol not in known:
        try:
            known[protocol] = registry.spec(protocol).dials is Side.HEADEND
        except ConfigError:
            known[protocol] = False
    return known[protocol]


def rows(found: Iterable[Session]) -> Iterator[tuple[str, ...]]:
    for each in found:
        who = each.recorded.conversation
        yield (
            utc_text(instant(who.opened_ns).replace(microsecond=0)),
            printable(who.peer),
            who.station,
            "still there" if each.seconds is None else f"{each.seconds:,.1f} s",
            "" if each.requests is None else f"{each.requests:,}",
            f"{each.bytes_in:,}",
            f"{each.bytes_out:,}",
            _tried(each),
            who.id,
        )


def _tried(session: Session) -> str:
    if not session.tried:
        return "nothing that was understood" if session.bytes_in else "said nothing"
    return ", ".join(
        kind if count == 1 else f"{kind} ×{count:,}" for kind, count in session.tried.most_common()
    )


def session_object(each: Session) -> dict[str, Any]:
    """Return a session as plain values for --json."""
    recorded = each.recorded
    who = recorded.conversation
    host, _, port = who.peer.rpartition(":")
    return {
        "session": who.id,
        "protocol": who.protocol,
        "station": who.station,
        "src_ip": host.strip("[]"),
        "src_port": int(port) if port.isdecimal() else 0,
        "from": instant(who.opened_ns),
        "to": None if recorded.closed_ns is None else instant(recorded.closed_ns),
        "duration_s": each.seconds,
        "requests": each.requests,
        "bytes_in": each.bytes_in,
        "bytes_out": each.bytes_out,
        "tried": dict(each.tried),
        "reason": recorded.reason,
    }
