"""Puts the window together: routes, their description, the gate in front of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from mitmeter import __version__
from mitmeter.dashboard import (
    devices,
    events,
    health,
    history,
    intervals,
    live,
    overview,
    pages,
    readings,
    site,
    traffic,
)
from mitmeter.dashboard.attempts import Attempts
from mitmeter.dashboard.backend import Backend
from mitmeter.dashboard.desk import Desk
from mitmeter.dashboard.feed import Feed
from mitmeter.dashboard.gate import Gate, Turned
from mitmeter.dashboard.settings import Settings
from mitmeter.dashboard.static_files import StaticFiles
from mitmeter.dashboard.stores import Stores
from mitmeter.dashboard.tokens import Sessions, Tokens
from mitmeter.errors import JournalError, MitmeterError, StoreError

PREFIX = "/api/v1"
_ABOUT = """Everything the dashboard shows, and nothing else does the dashboard use.

Instants are ISO 8601 in UTC; numbers are JSON numbers, exact only in CSV and JSON Lines. Lists are
paged: give `next` as `cursor`. What changes something needs the header `X-Mitmeter: 1`."""


class Window:
    """The dashboard of one daemon: an ASGI application, and what lives beside it."""

    def __init__(self, app: Gate, desk: Desk) -> None:
        self.app = app
        self.desk = desk

    def start(self) -> None:
        """Begin to follow the store. Call it in the loop."""
        self.desk.feed.start()

    async def end_streams(self) -> None:
        """Let go of who listens, so that the server can stop."""
        await self.desk.feed.close()

    def close(self) -> None:
        """Let go of the stores, when nothing is served any more."""
        self.desk.stores.close()


def make_app(backend: Backend, settings: Settings, tokens: Tokens) -> Window:
    """Return the window on a daemon."""
    stores = Stores(backend.open_store)
    desk = Desk(
        backend=backend,
        settings=settings,
        stores=stores,
        tokens=tokens,
        sessions=Sessions(tokens.session_key()),
        attempts=Attempts(time.monotonic),
        feed=Feed(backend, stores),
        files=StaticFiles(),
        started=time.time_ns(),
    )
    app = FastAPI(
        title="mitmeter",
        version=__version__,
        description=_ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.desk = desk
    for room in (site, overview, devices, readings, history, intervals, traffic, events, live):
        app.include_router(room.router, prefix=PREFIX)
    app.include_router(health.router, prefix=PREFIX)
    app.include_router(health.outside)
    app.include_router(pages.router)
    app.add_api_route(f"{PREFIX}/openapi.json", _described, include_in_schema=False)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Turned, _turned)
    app.add_exception_handler(MitmeterError, _ours)
    gate = Gate(app, settings, tokens, desk.sessions, desk.attempts)
    return Window(gate, desk)


async def _described(request: Request) -> Response:
    app: FastAPI = request.app
    described: dict[str, Any] = app.openapi()
    parts = described.setdefault("components", {})
    parts["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": app.state.desk.settings.cookie},
    }
    described["security"] = [{"token": []}, {"session": []}]
    described["paths"]["/healthz"]["get"]["security"] = []
    base: str = request.state.base
    return JSONResponse({**described, "servers": [{"url": base or "/"}]})


# --- errors, all in one shape


def _told(
    status: int, text: str, headers: Mapping[str, str] | None = None, detail: Sequence[str] = ()
) -> Response:
    body: dict[str, Any] = {"error": text}
    if detail:
        body["detail"] = list(detail)
    return JSONResponse(body, status, headers={"cache-control": "no-store", **(headers or {})})


def _http(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101 - registered for it
    words = {404: "there is nothing here", 405: "this is not done here"}
    text = words.get(exc.status_code, str(exc.detail))
    return _told(exc.status_code, text, exc.headers)


def _turned(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, Turned)  # noqa: S101 - registered for it
    return _told(exc.status, exc.text, exc.headers)


def _ours(_: Request, exc: Exception) -> Response:
    status = 503 if isinstance(exc, StoreError | JournalError) else 500
    return _told(status, str(exc))


def _invalid(_: Request, exc: Exception) -> Response:
    """Say which parameter is wrong, without saying back what was given."""
    assert isinstance(exc, RequestValidationError)  # noqa: S101 - registered for it
    found = [f"{_where(each['loc'])}: {each['msg']}" for each in exc.errors()]
    return _told(422, found[0] if found else "not understood", detail=found)


def _where(loc: tuple[object, ...]) -> str:
    return ".".join(ascii(part).strip("'")[:60] for part in loc[1:]) or str(loc[0])
