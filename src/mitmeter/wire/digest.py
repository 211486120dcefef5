"""HTTP Digest access authentication, both sides, sans-IO: RFC 7616, and RFC 2617 as old servers
speak it.

Randomness comes in as an argument: a client nonce from the caller's seed, a server nonce from the
server's own. Nothing here keeps a password longer than the call that was given it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from mitmeter.errors import RemoteProtocolError

_HASHES: Mapping[str, Callable[[bytes], str]] = {
    # What the protocol prescribes, not what is strong.
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}
ALGORITHMS = tuple(_HASHES)
_PARAMETER = re.compile(r'\s*([A-Za-z0-9_*-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]*)\s*(,|\Z)')
_MOST_TEXT = 8_192


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server asks for in `WWW-Authenticate`.

    algorithm: MD5 or SHA-256; MD5 where the server says nothing.
    qop:       "auth", or "" as before RFC 2617.
    stale:     the nonce was too old; the password is not in doubt.
    """

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: str = "auth"
    opaque: str = ""
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Login:
    """What a client says in `Authorization`, as it says it.

    count: `nc`, which rises by one with each request of one nonce; 0 where there is none.
    """

    user: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str = "MD5"
    qop: str = "auth"
    count: int = 0
    cnonce: str = ""
    opaque: str = ""


def parse_parameters(text: str) -> tuple[str, dict[str, str]]:
    """Return the scheme and its parameters, names in lower case, quotes taken off.

    Raises: RemoteProtocolError when it is no list of parameters, or one is said twice.
    """
    scheme, _, rest = text.strip()[:_MOST_TEXT].partition(" ")
    found: dict[str, str] = {}
    at = 0
    while at < len(rest):
        match = _PARAMETER.match(rest, at)
        if match is None:
            raise RemoteProtocolError(f"{scheme} parameters not understood at character {at}")
        name, value = match[1].lower(), match[2]
        if name in found:
            raise RemoteProtocolError(f"{scheme} parameter {name} is said twice")
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        found[name] = value
        at = match.end()
    return scheme, found


def parse_challenge(text: str) -> Challenge:
    """Return the challenge. Raises RemoteProtocolError for another scheme or algorithm."""
    scheme, found = parse_parameters(text)
    if scheme.lower() != "digest":
        raise RemoteProtocolError(f"login by {scheme or 'nothing'}, expected Digest")
    if "nonce" not in found:
        raise RemoteProtocolError("a Digest challenge without a nonce")
    offered = [each.strip() for each in found.get("qop", "").split(",")]
    if offered != [""] and "auth" not in offered:
        raise RemoteProtocolError(f"Digest with qop {found['qop']}, expected auth")
    return Challenge(
        found.get("realm", ""),
        found["nonce"],
        _algorithm(found.get("algorithm", "MD5")),
        "auth" if "auth" in offered else "",
        found.get("opaque", ""),
        found.get("stale", "").lower() == "true",
    )


def parse_login(text: str) -> Login:
    """Return a client's login. Raises RemoteProtocolError when something of it is missing."""
    scheme, found = parse_parameters(text)
    if scheme.lower() != "digest":
        raise RemoteProtocolError(f"login by {scheme or 'nothing'}, expected Digest")
    missing = [name for name in ("username", "nonce", "uri", "response") if name not in found]
    if missing:
        raise RemoteProtocolError(f"a Digest login without {missing[0]}")
    try:
        count = int(found.get("nc", "0"), 16)
    except ValueError:
        raise RemoteProtocolError(f"a Digest login with nc {found['nc']!r}") from None
    return Login(
        found["username"],
        found.get("realm", ""),
        found["nonce"],
        found["uri"],
        found["response"],
        _algorithm(found.get("algorithm", "MD5")),
        found.get("qop", ""),
        count,
        found.get("cnonce", ""),
        found.get("opaque", ""),
    )


def answer(
    challenge: Challenge,
    user: str,
    password: str,
    method: str,
    uri: str,
    *,
    count: int,
    cnonce: str,
) -> Login:
    """Return a client's login for one request.

    uri:   the request-target, byte for byte as it is sent.
    count: which request with this nonce it is, from 1.
    """
    login = Login(
        user,
        challenge.realm,
        challenge.nonce,
        uri,
        "",
        challenge.algorithm,
        challenge.qop,
        count if challenge.qop else 0,
        cnonce if challenge.qop else "",
        challenge.opaque,
    )
    return replace(login, response=response(login, password, method))


def response(login: Login, password: str, method: str) -> str:
    """Return what `response` has to be. Source: RFC 7616 §3.4.1; without qop RFC 2069 [O]."""
    digest = _HASHES[login.algorithm]
    first = digest(f"{login.user}:{login.realm}:{password}".encode())
    second = digest(f"{method}:{login.uri}".encode())
    if not login.qop:
        return digest(f"{first}:{login.nonce}:{second}".encode())
    count = f"{login.count:08x}"
    return digest(f"{first}:{login.nonce}:{count}:{login.cnonce}:{login.qop}:{second}".encode())


def challenge_text(challenge: Challenge) -> str:
    """Return the value of `WWW-Authenticate`."""
    parts = [f"realm={_quoted(challenge.realm)}"]
    if challenge.qop:
        parts.append(f"qop={_quoted(challenge.qop)}")
    parts.append(f"nonce={_quoted(challenge.nonce)}")
    if challenge.opaque:
        parts.append(f"opaque={_quoted(challenge.opaque)}")
    parts.append(f"algorithm={_quoted(challenge.algorithm)}")
    if challenge.stale:
        parts.append("stale=true")
    return f"Digest {', '.join(parts)}"


def login_text(login: Login) -> str:
    """Return the value of `Authorization`, algorithm, qop and nc without quotes: some servers take
    no others (fact sheet §3.1 [O]), and RFC 7616 §3.4 wants it so.
    """
    parts = [
        f"username={_quoted(login.user)}",
        f"realm={_quoted(login.realm)}",
        f"nonce={_quoted(login.nonce)}",
        f"uri={_quoted(login.uri)}",
        f"response={_quoted(login.response)}",
    ]
    if login.opaque:
        parts.append(f"opaque={_quoted(login.opaque)}")
    parts.append(f"algorithm={login.algorithm}")
    if login.qop:
        parts += [f"qop={login.qop}", f"nc={login.count:08x}", f"cnonce={_quoted(login.cnonce)}"]
    return f"Digest {', '.join(parts)}"


def _algorithm(name: str) -> str:
    for known in ALGORITHMS:
        if name.upper() == known:
            return known
    raise RemoteProtocolError(f"Digest with algorithm {name}, expected one of {ALGORITHMS}")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
