"""What a reverse proxy changes in HTTP heads, and what it must not: both ways, pure.

The server behind is to believe that nobody stands before it; the client is to stay with us. The
request-target is never touched: Digest hashes it. Source: gateway fact sheet §6.2 and §6.3 [O, I].
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mitmeter.errors import RemoteProtocolError
from mitmeter.wire.http_message import Headers, HttpRequest

# Spoken between neighbours only (RFC 9110 §7.6.1).
_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# Said about who came from where; a strict gateway answers 400 to what it does not know [I].
_TRACES = frozenset({"forwarded", "via", "x-real-ip"})
_FRAMES = frozenset({"x-frame-options"})
_LINKS = frozenset({"location", "content-location"})
# Of a body that was changed these are no longer true.
_OF_THE_BODY = frozenset({"content-md5", "digest", "etag", "content-digest", "repr-digest"})
_TEXT = re.compile(r"(?:text/.*|application/(?:json|javascript|xhtml\+xml|xml))\s*(?:;|\Z)")
_ORIGIN = re.compile(r"(https?)://([^/?#]*)", re.IGNORECASE)
_BOUND = ("__Host-", "__Secure-")


@dataclass(frozen=True, slots=True)
class Mount:
    """Where the server really is, and where clients find it.

    server:  its origin as it is dialled, such as `https://192.0.2.7`; a usual port is left out.
    public:  our origin as this client reaches us, such as `http://box.lan:8080`.
    aliases: further origins by which the server calls itself, such as `https://smgw.local`.
    mark:    what cookie names get before them, where several servers are found under one name.
    frames:  whether pages may be shown inside others, against the server's wish.
    """

    server: str
    public: str
    aliases: tuple[str, ...] = ()
    mark: str = ""
    frames: bool = False

    @property
    def authority(self) -> str:
        return self.server.partition("://")[2]

    @property
    def secure(self) -> bool:
        return self.public.startswith("https://")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as the server is to get it."""

    method: str
    target: str
    headers: Headers
    body: bytes


def to_server(request: HttpRequest, mount: Mount) -> Outgoing:
    """Return the request for the server: our Host, one length, nothing about ourselves.

    Raises: RemoteProtocolError for what is refused: an upgrade, such as a WebSocket, and the
            methods that make a tunnel or an echo of credentials.
    """
    if request.method in ("CONNECT", "TRACE"):
        raise RemoteProtocolError(f"{request.method} is not passed on")
    named = _named_by_connection(request.headers)
    if "upgrade" in named:
        wanted = next((v for n, v in request.headers if n.lower() == "upgrade"), "another protocol")
        raise RemoteProtocolError(f"an upgrade to {wanted} is not passed on")
    drop = _HOP | _TRACES | named | {"host", "content-length", "accept-encoding"}
    headers: list[tuple[str, str]] = [("Host", mount.authority)]
    for name, value in request.headers:
        lower = name.lower()
        if lower in drop or lower.startswith("x-forwarded-"):
            continue
        if lower == "cookie":
            kept = _cookies_back(value, mount)
            if kept:
                headers.append((name, kept))
        elif lower in ("origin", "referer"):
            headers.append((name, _moved(value, mount.public, mount.server)))
        else:
            headers.append((name, value))
    # Bodies may be rewritten; a gateway does not compress in any case.
    headers.append(("Accept-Encoding", "identity"))
    if request.body or request.method in ("POST", "PUT", "PATCH", "DELETE"):
        headers.append(("Content-Length", str(len(request.body))))
    headers.append(("Connection", "keep-alive"))
    return Outgoing(request.method, request.target, tuple(headers), request.body)


def to_client(headers: Headers, mount: Mount) -> Headers:
    """Return a response's headers for the client; the caller adds how long the body is.

    Every Set-Cookie stays one of its own.
    """
    drop = _HOP | _named_by_connection(headers) | {"content-length", "strict-transport-security"}
    if mount.frames:
        drop |= _FRAMES
    found: list[tuple[str, str]] = []
    for name, value in headers:
        lower = name.lower()
        if lower in drop:
            continue
        if lower == "set-cookie":
            found.append((name, _cookie(value, mount)))
        elif lower in _LINKS:
            found.append((name, _to_public(value, mount)))
        elif lower == "content-security-policy" and mount.frames:
            found += [(name, policy) for policy in (_framed(value),) if policy]
        else:
            found.append((name, value))
    return tuple(found)


def may_be_rewritten(headers: Headers) -> bool:
    """Tell whether a body of these headers is text in which links are looked for.

    Never what carries a signature, and never what is compressed.
    """
    kind = coding = disposition = ""
    for name, value in headers:
        lower = name.lower()
        if lower == "content-type":
            kind = value.strip().lower()
        elif lower == "content-encoding":
            coding = value.strip().lower()
        elif lower == "content-disposition":
            disposition = value.strip().lower()
    if coding not in ("", "identity") or disposition.startswith("attachment"):
        return False
    return _TEXT.match(kind) is not None


def rewrite_body(body: bytes, mount: Mount) -> bytes:
    """Return the body with the server's own origins replaced by ours, where they stand alone."""
    for origin in _origins(mount):
        # `https://192.0.2.7` is not the beginning of `https://192.0.2.70`.
        alone = re.compile(re.escape(origin.encode("latin-1")) + rb"(?![\w.:-])")
        body = alone.sub(mount.public.encode("latin-1"), body)
    return body


def without_digests(headers: Headers) -> Headers:
    """Return the headers without what is no longer true once the body has changed."""
    return tuple(each for each in headers if each[0].lower() not in _OF_THE_BODY)


# --- cookies ---


def _cookie(text: str, mount: Mount) -> str:
    """Return one Set-Cookie so that a browser keeps it for us.

    Attributes are read as such: the value may hold the word `secure`.
    """
    pair, *attributes = (part.strip() for part in text.split(";"))
    name, equals, value = pair.partition("=")
    kept: list[str] = []
    for attribute in attributes:
        key, _, said = attribute.partition("=")
        key = key.strip().lower()
        if key == "domain" or (key == "secure" and not mount.secure) or not attribute:
            continue
        if key == "samesite" and said.strip().lower() == "none" and not mount.secure:
            attribute = "SameSite=Lax"  # None is for secure cookies only
        kept.append(attribute)
    return "; ".join((f"{_cookie_name(name.strip(), mount)}{equals}{value}", *kept))


def _cookie_name(name: str, mount: Mount) -> str:
    # Browsers take these names over HTTPS only; a mark before them takes their meaning away.
    if not mount.secure and name.startswith(_BOUND):
        name = f"m{name}"
    return f"{mount.mark}{name}"


def _cookies_back(text: str, mount: Mount) -> str:
    """Return what of a Cookie header is the server's, by the names it gave."""
    kept: list[str] = []
    for pair in text.split(";"):
        name, equals, value = pair.strip().partition("=")
        if not name.startswith(mount.mark):
            continue
        name = name.removeprefix(mount.mark)
        if not mount.secure and name.startswith(tuple(f"m{bound}" for bound in _BOUND)):
            name = name[1:]
        if name:
            kept.append(f"{name}{equals}{value}")
    return "; ".join(kept)


# --- origins ---


def _to_public(url: str, mount: Mount) -> str:
    match = _ORIGIN.match(url)
    if match is None or _plain(match[0]) not in {_plain(origin) for origin in _origins(mount)}:
        return url
    return mount.public + url[match.end() :]


def _moved(url: str, old: str, new: str) -> str:
    match = _ORIGIN.match(url)
    return new + url[match.end() :] if match and _plain(match[0]) == _plain(old) else url


def _origins(mount: Mount) -> Iterable[str]:
    """Return the server's origins, each with and without its usual port, longest first."""
    known = {mount.server, *mount.aliases}
    for origin in tuple(known):
        usual = ":443" if origin.startswith("https:") else ":80"
        known.add(origin + usual if _plain(origin) == origin.lower() else origin)
    return sorted(known, key=len, reverse=True)


def _plain(origin: str) -> str:
    """Return an origin in lower case without its scheme's usual port."""
    scheme, _, authority = origin.lower().partition("://")
    usual = ":443" if scheme == "https" else ":80"
    return f"{scheme}://{authority.removesuffix(usual)}"


def _framed(policy: str) -> str:
    parts = [part.strip() for part in policy.split(";")]
    return "; ".join(p for p in parts if p and not p.lower().startswith("frame-ancestors"))


def _named_by_connection(headers: Headers) -> frozenset[str]:
    return frozenset(
        each.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for each in value.split(",")
        if each.strip()
    )
