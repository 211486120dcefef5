"""What may be asked for in an address: instants, devices, cursors, as checked values."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from mitmeter.dashboard.answer import missing
from mitmeter.dashboard.cursor import Cursor
from mitmeter.dashboard.gate import Turned
from mitmeter.errors import RemoteProtocolError
from mitmeter.model import DeviceId
from mitmeter.store import KnownDevice, Store

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_LAST = datetime(2200, 1, 1, tzinfo=UTC)


def _within(at: datetime) -> datetime:
    """Return the instant in UTC, at most as far away as anything can be."""
    return min(max(at, _FIRST), _LAST).astimezone(UTC)


def _written(given: object) -> object:
    """Return the text of an instant; bare numbers are none, whatever they may count."""
    if not isinstance(given, str) or not _ISO.match(given):
        raise ValueError("write it like 2026-06-15T12:00:00Z")
    return given


Moment = Annotated[AwareDatetime, AfterValidator(_within), BeforeValidator(_written)]
Since = Annotated[Moment | None, Query(description="From this instant on, ISO 8601 with a zone.")]
Until = Annotated[Moment | None, Query(description="Before this instant, ISO 8601 with a zone.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Items of a page, at most.")]
After = Annotated[
    str | None, Query(max_length=200, description="`next` of the page before; none is the first.")
]
Device = Annotated[str | None, Query(max_length=200, description="<protocol>:<serial>")]


def cursor_of(text: str | None) -> Cursor | None:
    """Return where to go on. Turned away with 422 for what no page gave."""
    if not text:
        return None
    try:
        return Cursor.parse(text)
    except RemoteProtocolError as exc:
        raise Turned(422, str(exc)) from exc


def device_of(text: str | None) -> DeviceId | None:
    """Return the device of a query. Turned away with 422 for what cannot be one."""
    if not text:
        return None
    try:
        return DeviceId.parse(text)
    except RemoteProtocolError as exc:
        raise Turned(422, f"device: {exc}") from exc


def known_device(store: Store, text: str) -> KnownDevice:
    """Return the device of a path. Turned away with 404 when it was never heard."""
    for each in store.devices():
        if str(each.device) == text:
            return each
    raise missing(f"no device {ascii(text)[1:101]} was ever heard")
