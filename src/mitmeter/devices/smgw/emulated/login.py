"""Who may come in: Digest as the three makes ask for it, and what follows too many wrong logins.

Nonces are counted, and made of the count and the gateway's seed; which were given, when, and the
highest nc of each lies in the unit's memory, as do wrong logins. So what one connection learns of a
login holds for all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from hashlib import blake2b

from mitmeter.devices.smgw.emulated.memory import Notes
from mitmeter.devices.smgw.emulated.persona import Account
from mitmeter.devices.smgw.emulated.switches import DigestSwitches
from mitmeter.devices.smgw.messages import Request
from mitmeter.errors import RemoteProtocolError
from mitmeter.protocol import DeviceMemory
from mitmeter.wire.digest import ALGORITHMS, Login, parse_login, response

_MOST_NONCES = 64  # given and remembered; older ones count as too old
_QUOTED = re.compile(r'\b(?:algorithm|qop)\s*=\s*"', re.IGNORECASE)


class Verdict(Enum):
    """What becomes of a request at the door."""

    ADMITTED = auto()
    NAMELESS = auto()  # no login, or none that can be read: asked for one
    STALE = auto()  # right, but of a nonce that is too old
    REFUSED = auto()
    LOCKED = auto()  # not even looked at
    MISQUOTED = auto()  # algorithm or qop in quotes, where that is not taken


@dataclass(frozen=True, slots=True)
class Visit:
    """A request as judged. account: whose it is when admitted."""

    verdict: Verdict
    account: Account | None = None


class Door:
    """One gateway's logins. seed: makes its nonces differ from another's."""

    def __init__(
        self, switches: DigestSwitches, accounts: Sequence[Account], memory: DeviceMemory, seed: str
    ) -> None:
        self._switches = switches
        self._accounts = {account.user: account for account in accounts}
        self._nonces = Notes(memory, "nonces")
        self._failures = Notes(memory, "failures")
        self._seed = seed

    def judge(self, request: Request, now: datetime) -> Visit:
        """Say what becomes of a request; counts wrong logins, and a right one forgives them."""
        text = header(request, "Authorization")
        if not text:
            return Visit(Verdict.NAMELESS)
        try:
            login = parse_login(text)
        except RemoteProtocolError:
            return Visit(Verdict.NAMELESS)
        if self._switches.quotes == "refused" and _QUOTED.search(text):
            return Visit(Verdict.MISQUOTED)
        account = self._accounts.get(login.user)
        name = login.user if account is not None else ""
        if self._is_locked(name, now):
            return Visit(Verdict.LOCKED)
        if account is None or not self._is_right(login, request, account):
            self._count_failure(name, now)
            return Visit(Verdict.REFUSED)
        if not self._is_fresh(login, now):
            return Visit(Verdict.STALE)
        self._forgive(name)
        return Visit(Verdict.ADMITTED, account)

    def new_nonce(self, now: datetime) -> str:
        """Return the nonce of the next challenge, and remember it."""
        table = self._nonces.read()
        count = int(table.get("count", 0)) + 1
        nonce = self._switches.nonce or self._made("nonce", count)
        given = [each for each in table.get("given", []) if each[0] != nonce]
        given.append([nonce, int(now.timestamp()), 0])
        self._nonces.write({"count": count, "given": given[-_MOST_NONCES:]})
        return nonce

    @property
    def opaque(self) -> str:
        """Return the opaque value of each challenge, "" for none."""
        if not self._switches.opaque:
            return ""
        return self._switches.opaque_text or self._made("opaque", 0)

    # --- what makes a login right

    def _is_right(self, login: Login, request: Request, account: Account) -> bool:
        switches = self._switches
        if switches.check_uri and login.uri != request.target:
            return False
        if switches.need_qop and login.qop != "auth":
            return False
        if login.opaque != self.opaque or login.realm != switches.realm:
            return False
        if login.algorithm not in self._taken():
            return False
        return login.response == response(login, account.password.reveal(), request.method)

    def _taken(self) -> tuple[str, ...]:
        accepts = self._switches.accepts
        if accepts == "both":
            return ALGORITHMS
        return (self._switches.algorithm if accepts == "announced" else accepts,)

    def _is_fresh(self, login: Login, now: datetime) -> bool:
        """Tell whether its nonce still holds and its nc is higher than before."""
        switches, table = self._switches, self._nonces.read()
        for each in table.get("given", []):
            nonce, given, highest = each
            if nonce != login.nonce:
                continue
            if switches.nonce_seconds and now.timestamp() - given > switches.nonce_seconds:
                return False
            if switches.check_count and login.qop:
                if login.count <= highest:
                    return False
                each[2] = login.count
                self._nonces.write(table)
            return True
        return False

    # --- wrong logins

    def _is_locked(self, name: str, now: datetime) -> bool:
        switches, table = self._switches, self._failures.read()
        count, last = table.get(name, (0, 0))
        if not switches.failures or count < switches.failures:
            return False
        if now.timestamp() - last < switches.locked_seconds:
            return True
        self._forgive(name)
        return False

    def _count_failure(self, name: str, now: datetime) -> None:
        table = self._failures.read()
        count, _ = table.get(name, (0, 0))
        self._failures.write({**table, name: (count + 1, int(now.timestamp()))})

    def _forgive(self, name: str) -> None:
        table = self._failures.read()
        if table.pop(name, None) is not None:
            self._failures.write(table)

    def _made(self, purpose: str, count: int) -> str:
        text = f"{self._seed}/{purpose}/{count}".encode()
        return blake2b(text, digest_size=16).hexdigest()


def header(request: Request, name: str) -> str:
    """Return the value of the first header of that name, "" where there is none."""
    wanted = name.lower()
    return next((value for each, value in request.headers if each.lower() == wanted), "")
