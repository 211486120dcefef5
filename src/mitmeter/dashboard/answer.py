"""From a model to an answer: JSON, a tag that tells whether it has changed, smaller where it pays.

Everything costly happens in the thread that read the store.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, PlainSerializer

from mitmeter import __version__
from mitmeter.dashboard.desk import desk_of
from mitmeter.dashboard.gate import Turned
from mitmeter.store import Store

_WORTH_ZIPPING = 2048
_ZIP_LEVEL = 4
_CACHE = "private, no-cache"


class Shape(BaseModel):
    """A model of what is answered; nothing is converted, everything is declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


Instant = Annotated[datetime, PlainSerializer(_utc, return_type=str, when_used="json")]


class Problem(Shape):
    """What went wrong, in a sentence."""

    error: str
    detail: list[str] | None = None


def number(value: Decimal | None) -> float | None:
    """Return an exact value as a JSON number, None for what is none."""
    return None if value is None or not value.is_finite() else float(value)


def value_of(value: Decimal | str) -> float | str | None:
    """Return a reading's value: a number, or a state's text."""
    return value if isinstance(value, str) else number(value)


@dataclass(frozen=True, slots=True)
class Made:
    """A body ready to be sent, as it is or zipped."""

    body: bytes
    tag: str
    zipped: bool


async def answer(
    request: Request, work: Callable[[Store], BaseModel], *, key: object = None
) -> Response:
    """Return what `work` makes of a store as JSON, or 304 where the asker has it already.

    key: what the answer depends on beside the store. Where it is given, an unchanged store is
         known to give an unchanged answer, and nothing is read.
    """
    desk = desk_of(request)
    known = _known(request.headers.get("if-none-match", ""))
    zips = "gzip" in request.headers.get("accept-encoding", "")

    def make(store: Store) -> Made | str:
        early = "" if key is None else _tag(desk.started, store.identity, store.position, key)
        if early and early in known:
            return early
        model = work(store)
        body = model.model_dump_json(by_alias=True).encode()
        tag = early or _tag(body)
        if tag in known:
            return tag
        zipped = zips and len(body) >= _WORTH_ZIPPING
        return Made(gzip.compress(body, _ZIP_LEVEL, mtime=0) if zipped else body, tag, zipped)

    made = await desk.stores.read(make)
    if isinstance(made, str):
        return Response(status_code=304, headers=_headers(made))
    headers = _headers(made.tag)
    if made.zipped:
        headers["content-encoding"] = "gzip"
    return Response(made.body, media_type="application/json", headers=headers)


def plain(model: BaseModel, status: int = 200) -> Response:
    """Return a model that is not to be kept by anybody."""
    body = model.model_dump_json(by_alias=True)
    headers = {"cache-control": "no-store"}
    return Response(body, status, media_type="application/json", headers=headers)


def _headers(tag: str) -> dict[str, str]:
    return {"etag": f'W/"{tag}"', "cache-control": _CACHE, "vary": "Accept-Encoding, Cookie"}


def _known(header: str) -> frozenset[str]:
    return frozenset(part.strip().removeprefix("W/").strip('"') for part in header.split(","))


def _tag(*parts: object) -> str:
    digest = hashlib.blake2b(__version__.encode(), digest_size=12)
    for part in parts:
        digest.update(part if isinstance(part, bytes) else repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def problems(*further: int) -> dict[int | str, dict[str, Any]]:
    """Return the error answers of a route for its description, the usual ones among them."""
    usual = (401, 403, 421, 422, 429, 500, 503)
    return {
        status: {"model": Problem, "description": _MEANINGS[status]}
        for status in sorted({*usual, *further})
    }


_MEANINGS: Mapping[int, str] = {
    400: "not understood",
    401: "no token, or a wrong one",
    403: "not allowed: from elsewhere, or with a token that may only look",
    404: "there is no such thing",
    411: "no Content-Length",
    413: "the body is too large",
    421: "the Host header names somebody else",
    422: "a parameter is wrong; `error` names it",
    429: "too many wrong tokens from this address",
    500: "mitmeter failed",
    503: "the store or the journal cannot be read now",
}


def missing(what: str) -> Turned:
    """Return the refusal for what is not there."""
    return Turned(404, what)
