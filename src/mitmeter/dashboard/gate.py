"""Who is let in: the outermost layer of the window, before any route.

In order: is it the ingress or may this peer talk to us at all, does the Host header name us (a name
that was made to lead here, DNS rebinding, does not), who is it (token, session), and for what
changes something: does it come from our own pages, and may it.
"""

from __future__ import annotations

import ipaddress
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from mitmeter.dashboard.attempts import Attempts
from mitmeter.dashboard.headers import SECURITY
from mitmeter.dashboard.settings import Settings
from mitmeter.dashboard.tokens import Scope, Sessions, Tokens

log = logging.getLogger("mitmeter")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

# Pages and what they are made of are code, not data; everything that is data lies below these.
_CLOSED = ("/api/", "/metrics")
_LARGEST_BODY = 65_536


class Turned(Exception):
    """A request that goes no further: status, a sentence, further headers."""

    def __init__(self, status: int, text: str, **headers: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers


class Gate:
    """ASGI: lets a request through with `scope["state"]["may"]` set, or turns it away."""

    def __init__(
        self,
        app: App,
        settings: Settings,
        tokens: Tokens,
        sessions: Sessions,
        attempts: Attempts,
    ) -> None:
        self._app = app
        self._settings = settings
        self._tokens = tokens
        self._sessions = sessions
        self._attempts = attempts

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        begun = False

        async def tell(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = [*message.get("headers", ()), *SECURITY]
            await send(message)

        try:
            self._admit(scope)
            await self._app(scope, receive, tell)
        except Turned as exc:
            await _answer(tell, scope, exc)
        except OSError:
            return  # the other side went away
        except Exception as exc:
            # A fault of ours is one line in the log, and one answer.
            log.error("%s %s: %s: %s", *_named(scope), type(exc).__name__, exc)
            log.debug("fault in the dashboard", exc_info=exc)
            if not begun:
                await _answer(tell, scope, Turned(500, "mitmeter failed here; its log says how"))

    def _admit(self, scope: MutableMapping[str, Any]) -> None:
        headers = _headers(scope)
        peer = _peer(scope)
        trusted = bool(self._settings.ingress) and peer == self._settings.ingress
        if not trusted:
            if self._settings.only_ingress and not _is_here(peer):
                raise Turned(403, "only Home Assistant's ingress is let in here")
            self._judge_host(headers)
        path: str = scope["path"]
        may = self._who(headers, peer, trusted=trusted)
        if may is Scope.CONTROL and self._settings.read_only:
            may = Scope.READ
        state = scope.setdefault("state", {})
        state.update(may=may, peer=peer, trusted=trusted)
        state["base"] = _base(headers.get("x-ingress-path", "")) if trusted else ""
        if may is None and path.startswith(_CLOSED):
            raise _unknown_caller()
        # What is neither asking nor this, no route takes.
        if scope["method"] == "POST":
            self._judge_change(scope, headers, may, trusted=trusted)

    def _who(self, headers: Mapping[str, str], peer: str, *, trusted: bool) -> Scope | None:
        if trusted:
            return Scope.CONTROL
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self.judge_token(given.strip(), peer)
        session = _cookie(headers.get("cookie", ""), self._settings.cookie)
        return self._sessions.scope(session) if session else None

    def judge_token(self, token: str, peer: str) -> Scope:
        """Return what a token lets one do. Raises Turned: 401, or 429 after too many wrong ones."""
        may = scope_of(token, peer, self._tokens, self._attempts)
        if may is None:
            raise _unknown_caller("this is not the token")
        return may

    def _judge_host(self, headers: Mapping[str, str]) -> None:
        name = _host_name(headers.get("host", ""))
        if name == "localhost" or name in self._settings.names or _is_address(name):
            return
        raise Turned(421, f"{name[:100]!r} is no name of this mitmeter; see [web] names")

    def _judge_change(
        self,
        scope: MutableMapping[str, Any],
        headers: Mapping[str, str],
        may: Scope | None,
        *,
        trusted: bool,
    ) -> None:
        """Let only what our own pages, or a program with a token, ask for."""
        path: str = scope["path"]
        if may is None and path != "/login":
            raise _unknown_caller()
        ours = {headers.get("host", "").lower()}
        if trusted:
            ours.add(headers.get("x-forwarded-host", "").lower())
        origin = headers.get("origin")
        if origin is not None and origin.lower().partition("://")[2] not in ours - {""}:
            raise Turned(403, "this did not come from mitmeter's own pages")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Turned(403, "this did not come from mitmeter's own pages")
        if headers.get("x-mitmeter") != "1":
            raise Turned(403, "what changes something needs the header X-Mitmeter: 1")
        length = headers.get("content-length", "")
        if not length.isdigit():
            raise Turned(411, "say how long the body is: Content-Length")
        if len(length) > 9 or int(length) > _LARGEST_BODY:
            raise Turned(413, f"more than {_LARGEST_BODY} bytes")


def scope_of(token: str, peer: str, tokens: Tokens, attempts: Attempts) -> Scope | None:
    """Return what a token lets one do; None for a wrong one, which is counted. Raises Turned: 429
    for who has tried too many.
    """
    wait = attempts.wait(peer)
    if wait:
        raise Turned(
            429, f"too many wrong tokens; try again in {wait} s", **{"retry-after": str(wait)}
        )
    may = tokens.scope(token)
    if may is None:
        attempts.failed(peer)
    return may


def _unknown_caller(text: str = "who are you? a token is needed") -> Turned:
    return Turned(401, text, **{"www-authenticate": "Bearer"})


async def _answer(send: Send, scope: MutableMapping[str, Any], turned: Turned) -> None:
    body = json.dumps({"error": turned.text}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *((name.encode(), value.encode()) for name, value in turned.headers.items()),
    ]
    await send({"type": "http.response.start", "status": turned.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _headers(scope: MutableMapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    return found


def _peer(scope: MutableMapping[str, Any]) -> str:
    client = scope.get("client")
    address = str(client[0]) if client else ""
    return address.removeprefix("::ffff:")


def _is_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    """Tell whether a host is an address: no name server was asked for it, so none has lied."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _host_name(host: str) -> str:
    """Return the name in a Host header, without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().removesuffix(".")


def _base(path: str) -> str:
    """Return the ingress' prefix when it is a plain path, "" otherwise."""
    plain = path.startswith("/") and not path.startswith("//")
    allowed = all(part.replace("-", "").replace("_", "").isalnum() for part in path.split("/")[1:])
    return path.rstrip("/") if plain and path.isascii() and allowed and len(path) < 200 else ""


def _cookie(text: str, name: str) -> str:
    for part in text.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""


def _named(scope: MutableMapping[str, Any]) -> tuple[str, str]:
    return scope["method"], ascii(scope["path"])[:200]
