"""What happened, rather than what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mitmeter.model.device import DeviceId

Plain = str | int | float | bool
Field = Plain | tuple[str, ...] | tuple[int, ...]


class Severity(StrEnum):
    """How much a person should care."""

    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, flat, with a stable id such as `mitmeter.alphaess.login`.

    message: one plain sentence for a person; peer text in it has gone through `printable`.
    fields:  flat facts for a machine; names are snake_case, values of one fixed type per name.
    """

    eventid: str
    at: datetime
    message: str
    severity: Severity = Severity.INFO
    device: DeviceId | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)


def printable(text: str | bytes, limit: int = 200) -> str:
    """Return a peer's text safe for terminals, logs and events: ASCII, escaped, bounded."""
    if isinstance(text, bytes):
        text = text.decode("ascii", "backslashreplace")
    shown = "".join(
        c if " " <= c <= "~" else c.encode("unicode_escape").decode() for c in text[: limit + 1]
    )
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
