"""The pages, what they are made of, and signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from mitmeter.dashboard.answer import Shape, missing
from mitmeter.dashboard.desk import Desk, desk_of, may
from mitmeter.dashboard.gate import Turned, scope_of
from mitmeter.dashboard.static_files import plain_body
from mitmeter.dashboard.tokens import Scope, session_seconds

router = APIRouter(include_in_schema=False)

_PAGES = ("/", "/history", "/devices", "/traffic", "/events", "/health")


class SignIn(Shape):
    """The token, once."""

    token: Annotated[str, Field(max_length=500)]


async def shell(request: Request) -> Response:
    """The window; the link with the token in it opens a session and is gone from the address."""
    desk = desk_of(request)
    token = request.query_params.get("token")
    if token is not None:
        return _signed_in(desk, request, token, _to("./"))
    if may(request) is None:
        return _to("login")
    return await _file(request, "index.html")


for _page in _PAGES:
    router.add_api_route(_page, shell, methods=["GET", "HEAD"])


@router.api_route("/login", methods=["GET", "HEAD"])
async def login_page(request: Request) -> Response:
    return await _file(request, "login.html")


@router.post("/login")
async def login(request: Request, asked: SignIn) -> Response:
    return _signed_in(desk_of(request), request, asked.token, Response(status_code=204))


@router.post("/logout")
async def logout(request: Request) -> Response:
    desk = desk_of(request)
    name = desk.settings.cookie
    desk.sessions.forget(request.cookies.get(name, ""))
    answer = Response(status_code=204)
    answer.delete_cookie(
        name, path=_cookie_path(request), httponly=True, samesite="strict", secure=_secure(desk)
    )
    return answer


@router.api_route("/assets/{name:path}", methods=["GET", "HEAD"])
async def asset(request: Request, name: str) -> Response:
    return await _file(request, name)


@router.api_route("/favicon.ico", methods=["GET", "HEAD"])
async def icon(request: Request) -> Response:
    return await _file(request, "favicon.svg")


async def _file(request: Request, name: str) -> Response:
    desk = desk_of(request)
    file = await desk.stores.run(lambda: desk.files.find(name))
    if file is None:
        raise missing("there is no such file")
    headers = {"etag": f'"{file.tag}"', "cache-control": "no-cache", "vary": "Accept-Encoding"}
    if f'"{file.tag}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    headers["content-type"] = file.kind
    if file.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(file.zipped, headers=headers)
    return Response(plain_body(file), headers=headers)


def _signed_in(desk: Desk, request: Request, token: str, answer: Response) -> Response:
    """Return the answer with a session for who has the token. Turned away otherwise."""
    scope = _judged(desk, request, token)
    answer.set_cookie(
        desk.settings.cookie,
        desk.sessions.make(scope),
        max_age=session_seconds(),
        path=_cookie_path(request),
        httponly=True,
        samesite="strict",
        secure=_secure(desk),
    )
    answer.headers["cache-control"] = "no-store"
    return answer


def _judged(desk: Desk, request: Request, token: str) -> Scope:
    scope = scope_of(token, request.state.peer, desk.tokens, desk.attempts)
    if scope is None:
        raise Turned(401, "this is not the token")
    return scope


def _to(where: str) -> Response:
    """Return a redirection that also holds below a prefix: relative to what was asked for."""
    return Response(status_code=303, headers={"location": where, "cache-control": "no-store"})


def _cookie_path(request: Request) -> str:
    base: str = request.state.base
    return f"{base}/"


def _secure(desk: Desk) -> bool:
    return desk.settings.secure
