"""What a reader says to a gateway, and why a reading ends early."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from mitmeter.devices.smgw.messages import Response
from mitmeter.wire.http_message import Headers

_FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, without what a login adds to it.

    headers:  beside Host, Content-Length, Cookie and Authorization.
    seconds:  how long the gateway may take to answer.
    plain:    ask without a login first; what comes back may be a challenge.
    """

    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""
    seconds: float = 30.0
    plain: bool = False


class Trouble(Exception):
    """Why a gateway cannot be read, in a sentence for its owner.

    login: the login itself was refused.
    """

    def __init__(self, reason: str, *, login: bool = False) -> None:
        super().__init__(reason)
        self.login = login


# A visit to a gateway: it asks, is handed the answer, and asks again. Trouble is thrown into it, so
# that it can log out first.
Visit = Generator[Ask, Response, None]
Asking = Generator[Ask, Response, Response]


def ask(what: Ask) -> Asking:
    """Ask, and return the answer."""
    return (yield what)


def form(target: str, fields: Mapping[str, str], seconds: float = 30.0) -> Ask:
    """Return a form as a browser posts it."""
    return Ask("POST", target, _FORM, urlencode(fields).encode(), seconds)
