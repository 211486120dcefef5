"""The two tokens that open the window, and the sessions a browser is given for one.

A token is made at the first start and stays: one that may command, one that may only look.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from mitmeter.errors import ConfigError
from mitmeter.model import Secret

CONTROL_FILE = "web-token"
READ_FILE = "web-token-read"
_SHORTEST = 16
_SESSION_SECONDS = 30 * 86_400
_MOST_FORGOTTEN = 10_000


class Scope(StrEnum):
    """What somebody may do here."""

    READ = "read"
    CONTROL = "control"


class Tokens:
    """Tells whose token a text is, in the same time whatever the text."""

    def __init__(self, control: Secret, read: Secret) -> None:
        self.control = control
        self.read = read

    @classmethod
    def of(cls, folder: Path) -> Tokens:
        """Return a data directory's tokens, made where there are none. Raises ConfigError."""
        return cls(_token(folder / CONTROL_FILE), _token(folder / READ_FILE))

    def scope(self, text: str) -> Scope | None:
        """Return what the token lets one do, None when it is none."""
        given = text.encode("utf-8", "surrogateescape")
        may_control = hmac.compare_digest(given, self.control.reveal().encode())
        may_read = hmac.compare_digest(given, self.read.reveal().encode())
        if may_control:
            return Scope.CONTROL
        return Scope.READ if may_read else None

    def session_key(self) -> bytes:
        """Return the key of sessions: new tokens end all of them."""
        both = f"{self.control.reveal()}\n{self.read.reveal()}".encode()
        return hashlib.blake2b(both, person=b"mitmeter-session").digest()


class Sessions:
    """What a browser keeps instead of the token: scope, end and a signature. Outlives a restart."""

    def __init__(self, key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._clock = clock
        self._forgotten: dict[str, float] = {}

    def make(self, scope: Scope) -> str:
        ends = int(self._clock()) + _SESSION_SECONDS
        body = f"{scope}.{ends}.{secrets.token_urlsafe(12)}"
        return f"{body}.{self._signature(body)}"

    def scope(self, text: str) -> Scope | None:
        """Return what the session lets one do, None when it is over, forgotten or none of ours."""
        body, _, signature = text.rpartition(".")
        made = self._signature(body).encode()
        if not hmac.compare_digest(signature.encode("utf-8", "surrogateescape"), made):
            return None
        scope, ends, nonce = body.split(".", 2)
        if int(ends) <= self._clock() or nonce in self._forgotten:
            return None
        return Scope(scope)

    def forget(self, text: str) -> None:
        """Let a session be over; what is none is passed over."""
        if self.scope(text) is None:
            return
        _, ends, rest = text.split(".", 2)
        now = self._clock()
        self._forgotten = {name: end for name, end in self._forgotten.items() if end > now}
        if len(self._forgotten) < _MOST_FORGOTTEN:
            self._forgotten[rest.rpartition(".")[0]] = float(ends)

    def _signature(self, body: str) -> str:
        given = body.encode("utf-8", "surrogateescape")
        return hmac.new(self._key, given, hashlib.sha256).hexdigest()


def session_seconds() -> int:
    """Return how long a session lasts."""
    return _SESSION_SECONDS


def _token(path: Path) -> Secret:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _held(path)
    except OSError as exc:
        raise ConfigError(str(path), f"cannot be made: {exc.strerror or exc}") from exc
    text = secrets.token_urlsafe(32)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text + "\n")
    return Secret(text)


def _held(path: Path) -> Secret:
    try:
        path.chmod(0o600)
        text = path.read_text("ascii").strip()
    except (OSError, ValueError) as exc:
        raise ConfigError(str(path), f"cannot be read: {exc}") from exc
    if len(text) < _SHORTEST:
        raise ConfigError(
            str(path), f"is no token of {_SHORTEST} characters; without the file one is made"
        )
    return Secret(text)
