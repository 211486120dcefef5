"""What each make's emulation is given and gives back, and what they have in common."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import shake_256
from http import HTTPStatus
from typing import Any, Protocol

from mitmeter.devices.smgw.emulated.grid import Grid
from mitmeter.devices.smgw.emulated.logbook import Logbook
from mitmeter.devices.smgw.emulated.login import Door, Verdict, header
from mitmeter.devices.smgw.emulated.memory import Notes
from mitmeter.devices.smgw.emulated.persona import Account, Contract, Meter, Persona
from mitmeter.devices.smgw.messages import Request, Response
from mitmeter.model import Secret
from mitmeter.protocol import BatterySchedule, DeviceContext, House, HouseEnergy, HouseState
from mitmeter.wire.digest import Challenge, challenge_text
from mitmeter.wire.http_message import Headers

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request leads to. response: None: nothing is said. close: why the connection ends.

    restart: for how many seconds the gateway is away afterwards.
    """

    response: Response | None
    close: str = ""
    restart: float = 0.0


class Make(Protocol):
    """One make's consumer interface."""

    def answer(self, request: Request, now: datetime) -> Outcome: ...


class Site:
    """Everything the makes share: persona, clock, door, meters, log, memory.

    The first account's user and password are the operator's where the operator gives them.
    """

    def __init__(self, context: DeviceContext, persona: Persona) -> None:
        self.persona = persona
        self.switches = persona.switches
        self.house: House = _OneInstant(context.house)
        self.grid = Grid(context, persona)
        self.seed = f"{persona.seed or context.seed}/{persona.id}"
        self.accounts = _with_login(persona.accounts, context.user, context.password)
        self.door = Door(persona.switches.digest, self.accounts, context.memory, self.seed)
        self.log = Logbook(persona.switches.log, Notes(context.memory, "log"))
        self._memory = context.memory

    def notes(self, name: str) -> Notes:
        return Notes(self._memory, name)

    def meters_of(self, account: Account) -> tuple[Meter, ...]:
        """Return the meters a login may see."""
        shown = account.meters
        return tuple(each for each in self.persona.meters if not shown or each.id in shown)

    def contracts_of(self, account: Account) -> tuple[Contract, ...]:
        """Return the contracts a login may see: those named, and of meters it may see."""
        named, seen = account.contracts, {each.id for each in self.meters_of(account)}
        return tuple(
            each
            for each in self.persona.contracts
            if (not named or each.id in named) and seen.intersection(each.meters)
        )

    def made_hex(self, purpose: str, octets: int) -> str:
        """Return made-up hex digits, the same for the same purpose."""
        return shake_256(f"{self.seed}/{purpose}".encode()).hexdigest(octets)

    # --- what a POST has to look like

    def misframed(self, request: Request) -> Outcome | None:
        """Return what follows a POST without a plain length, None where nothing does."""
        if request.method != "POST" or self.switches.framing.length == "taken":
            return None
        chunked = header(request, "Transfer-Encoding") != ""
        if header(request, "Content-Length") and not chunked:
            return None
        if self.switches.framing.length == "empty":
            return reply(200)
        return reply(int(self.switches.framing.length))

    def mistyped(self, request: Request, wanted: str) -> bool:
        """Tell whether a POST's Content-Type is another one, where that matters."""
        kind = header(request, "Content-Type").partition(";")[0].strip().lower()
        return self.switches.framing.check_type and request.method == "POST" and kind != wanted


class _OneInstant:
    """The house, asked once for all registers of a moment."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._at: datetime | None = None
        self._energy: HouseEnergy | None = None

    def energy(self, at: datetime) -> HouseEnergy:
        if self._energy is None or at != self._at:
            self._at, self._energy = at, self._house.energy(at)
        return self._energy

    def state(self, at: datetime) -> HouseState:
        return self._house.state(at)

    def schedule(self, at: datetime, schedule: BatterySchedule) -> None:
        self._energy = None
        self._house.schedule(at, schedule)


def refusal(site: Site, verdict: Verdict, now: datetime) -> Outcome:
    """Return what Theben and EMH answer whom they do not let in."""
    switches = site.switches.digest
    refused = verdict in (Verdict.REFUSED, Verdict.LOCKED, Verdict.MISQUOTED)
    if refused and switches.refusal != "401":
        return reply(200)
    if verdict is Verdict.STALE and switches.stale == "page":
        return reply(200)
    challenge = Challenge(
        switches.realm,
        site.door.new_nonce(now),
        switches.algorithm,
        "auth",
        site.door.opaque,
        stale=verdict is Verdict.STALE and switches.stale == "flag",
    )
    return reply(401, (("WWW-Authenticate", challenge_text(challenge)),))


def reply(status: int, headers: Headers = (), body: bytes = b"") -> Outcome:
    """Return an answer with its length told."""
    told = (*headers, ("Content-Length", str(len(body))))
    return Outcome(Response(status, told, body, words(status)))


def words(status: int) -> str:
    """Return the usual words for a status."""
    return HTTPStatus(status).phrase


def json_reply(value: Any, *, in_order: bool = False) -> Outcome:
    """Return an answer in JSON without blanks, keys sorted, or in the order they are in."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=not in_order, ensure_ascii=False)
    return reply(200, (("Content-Type", JSON),), text.encode())


def utc_text(at: datetime) -> str:
    """Return an aware UTC instant as 2026-03-01T11:30:00Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _with_login(accounts: Sequence[Account], user: str, password: Secret) -> tuple[Account, ...]:
    """Return the accounts, the first with the operator's user and password where given."""
    if not user and not password.reveal():
        return tuple(accounts)
    first = accounts[0] if accounts else Account("", Secret(""))
    name, word = user or first.user, password if password.reveal() else first.password
    return (replace(first, user=name, password=word), *accounts[1:])
