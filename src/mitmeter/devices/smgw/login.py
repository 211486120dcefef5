"""How a reader proves who it is: Digest as challenged, and the cookies it was given.

Nothing here is random: a client nonce is a hash of the moment, the user and a count, which is all
Digest wants of it, never the same twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from mitmeter.devices.smgw.asking import Trouble
from mitmeter.devices.smgw.messages import Response
from mitmeter.errors import RemoteProtocolError
from mitmeter.model import Secret
from mitmeter.wire.digest import Challenge, answer, login_text, parse_challenge

_SESSION = "session"  # the one that counts; of many others the oldest go
_MOST_COOKIES = 20
_MOST_COOKIE = 4096


class Login:
    """One user's login at one gateway, over one connection.

    cnonce: always this one, for examples known beforehand.
    """

    def __init__(self, user: str, password: Secret, seed: str, cnonce: str = "") -> None:
        self._user = user
        self._password = password
        self._seed = seed
        self._fixed = cnonce
        self._cnonce = ""
        self._challenge: Challenge | None = None
        self._algorithm = ""
        self._count = 0
        self._made = 0
        self._accepted = False
        self._target = ""  # what was asked when a challenge came that has not been tried yet

    @property
    def has_user(self) -> bool:
        return bool(self._user) and self._user.isprintable()

    @property
    def accepted(self) -> bool:
        """Whether a login with the present nonce was taken."""
        return self._accepted

    @property
    def can_downgrade(self) -> bool:
        """Whether SHA-256 was asked for and MD5 has not been tried: some take only that [O]."""
        challenge = self._challenge
        return challenge is not None and challenge.algorithm == "SHA-256" and not self._algorithm

    def downgrade(self) -> None:
        """Answer by MD5 from now on, whatever is asked for."""
        self._algorithm = "MD5"
        self._count = 0

    def challenged(self, found: Response, target: str, now: datetime) -> Challenge:
        """Take the challenge of a 401. Raises Trouble when it is none we can meet."""
        reasons: list[str] = []
        for name, value in found.headers:
            if name.lower() != "www-authenticate":
                continue
            try:
                challenge = parse_challenge(value)
            except RemoteProtocolError as exc:
                reasons.append(str(exc))
                continue
            self._take(challenge, target, now)
            return challenge
        why = f": {reasons[0]}" if reasons else ""
        raise Trouble(f"the gateway wants a login of a kind that is not known here{why}")

    def _take(self, challenge: Challenge, target: str, now: datetime) -> None:
        self._challenge, self._target = challenge, target
        self._count, self._accepted = 0, False
        self._made += 1
        said = f"{self._seed}/{now.isoformat()}/{self._user}/{self._made}"
        self._cnonce = self._fixed or hashlib.sha256(said.encode()).hexdigest()[:16]

    def taken(self) -> None:
        """The gateway took the last login."""
        self._accepted = self._count > 0
        if self._accepted:
            self._target = ""

    def text_for(self, method: str, target: str) -> str:
        """Return what to say in Authorization, "" before there is a challenge.

        A challenge that has not proved good is for the address it was met at.
        """
        challenge = self._challenge
        if challenge is None or not self.has_user or self._target not in ("", target):
            return ""
        self._count += 1
        if self._algorithm:
            challenge = replace(challenge, algorithm=self._algorithm)
        password = self._password.reveal()
        try:
            login = answer(
                challenge,
                self._user,
                password,
                method,
                target,
                count=self._count,
                cnonce=self._cnonce,
            )
            self._user.encode("latin-1")
        except UnicodeEncodeError:
            raise Trouble("the user's name has characters no header can carry") from None
        return login_text(login)


class Jar:
    """The cookies of one connection's session, by name; of one set twice the last counts."""

    def __init__(self) -> None:
        self._held: dict[str, str] = {}

    def take(self, headers: Iterable[tuple[str, str]]) -> None:
        for name, value in headers:
            if name.lower() != "set-cookie":
                continue
            pair = value.partition(";")[0]
            key, equals, held = (part.strip() for part in pair.partition("="))
            if not equals or not key or len(pair) > _MOST_COOKIE:
                continue
            self._held[key] = held
            if len(self._held) > _MOST_COOKIES:
                del self._held[next(each for each in self._held if each != _SESSION)]

    def clear(self) -> None:
        self._held.clear()

    def __bool__(self) -> bool:
        return bool(self._held)

    def text(self) -> str:
        """Return what to say in Cookie."""
        return "; ".join(f"{name}={value}" for name, value in self._held.items())
