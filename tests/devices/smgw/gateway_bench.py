"""A gateway on the bench: requests in, answers out, in simulated time; connections come and go."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from mitmeter.devices.smgw.device import EmulatedGateway
from mitmeter.devices.smgw.messages import Message, Request, Response
from mitmeter.model import Secret
from mitmeter.protocol import (
    Action,
    BatterySchedule,
    DeviceContext,
    DeviceMemory,
    House,
    HouseEnergy,
    HouseState,
    PlainMemory,
    Send,
)
from mitmeter.wire.digest import answer, login_text, parse_challenge
from mitmeter.wire.http_encode import encode_response

NOON = datetime(2026, 3, 1, 11, 31, 8, tzinfo=UTC)
CGI = "/cgi-bin/hanservice.cgi"
FORM = "application/x-www-form-urlencoded"


def shipped(make: str) -> dict[str, Any]:
    """Return a shipped persona's tables."""
    folder = files("mitmeter.devices.smgw") / "personas"
    return tomllib.loads((folder / f"{make}.toml").read_text("utf-8"))


@dataclass
class Books:
    """A house whose energies are written down: kWh by instant, those of the last one before."""

    imported: dict[datetime, str] = field(default_factory=dict)
    exported: dict[datetime, str] = field(default_factory=dict)
    grid_w: int = 0

    def energy(self, at: datetime) -> HouseEnergy:
        zero = Decimal(0)
        return HouseEnergy(
            imported=_latest(self.imported, at),
            exported=_latest(self.exported, at),
            pv=zero,
            charged=zero,
            discharged=zero,
            load=zero,
            charged_from_grid=zero,
        )

    def state(self, at: datetime) -> HouseState:
        return HouseState(
            grid_w=self.grid_w,
            pv_w=0,
            battery_w=0,
            load_w=self.grid_w,
            soc_percent=Decimal(0),
            voltage_v=Decimal("229.8"),
            frequency_hz=Decimal("49.9"),
            temperature_c=Decimal(0),
        )

    def schedule(self, at: datetime, schedule: BatterySchedule) -> None:
        raise AssertionError("no gateway tells a battery anything")


def _latest(book: Mapping[datetime, str], at: datetime) -> Decimal:
    known = [moment for moment in book if moment <= at]
    return Decimal(book[max(known)]) if known else Decimal(0)


class GatewayBench:
    """One unit. Every `connect` is another connection of the same unit."""

    def __init__(
        self,
        make: str = "theben",
        *,
        persona: Mapping[str, Any] | None = None,
        options: Mapping[str, str] | None = None,
        house: House | None = None,
        memory: DeviceMemory | None = None,
        now: datetime = NOON,
        frozen: bool = False,
        delay: float | None = 0.0,
        user: str = "",
        password: str = "",
        seed: int = 1,
    ) -> None:
        self.now = now
        self.memory = PlainMemory() if memory is None else memory
        self.context = DeviceContext(
            house=Books() if house is None else house,
            persona=shipped(make) if persona is None else persona,
            user=user,
            password=Secret(password),
            memory=self.memory,
            options=options or {},
            delay=delay,
            frozen_at=now if frozen else None,
            seed=seed,
        )
        accounts = self.context.persona["account"]
        self.user = user or accounts[0]["user"]
        self.password = password or accounts[0]["password"]
        self.party = EmulatedGateway(self.context)
        self.challenge = ""
        self.count = 0
        self.cnonce = "a1b2c3d4e5f60718"
        self.cookie = ""
        self.tkn = ""

    def connect(self) -> None:
        self.party = EmulatedGateway(self.context)

    def later(self, **passed: float) -> None:
        self.now += timedelta(**passed)

    def hear(self, request: Request) -> list[Action[Message]]:
        return list(self.party.received(request, self.now))

    def say(self, request: Request) -> Response:
        """Return the answer that comes at once."""
        found = [each.message for each in self.hear(request) if isinstance(each, Send)]
        assert len(found) == 1
        assert isinstance(found[0], Response)
        return found[0]

    def ask(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        tries: int = 2,
    ) -> Response:
        """Ask as a client does: with the nonce at hand, once more when challenged anew."""
        for _ in range(tries):
            given = {"Host": "192.168.1.200", **(headers or {})}
            if self.challenge:
                given["Authorization"] = self.login(method, target)
            if self.cookie:
                given["Cookie"] = self.cookie
            if method == "POST":
                given.setdefault("Content-Length", str(len(body)))
            said = self.say(Request(method, target, tuple(given.items()), body))
            if said.status != 401:
                return said
            self.challenge, self.count = header(said, "WWW-Authenticate"), 0
        return said

    def login(self, method: str, target: str, **changes: Any) -> str:
        """Return the value of Authorization for the challenge at hand."""
        self.count += 1
        challenge = parse_challenge(self.challenge)
        login = answer(
            challenge,
            self.user,
            self.password,
            method,
            target,
            count=self.count,
            cnonce=self.cnonce,
        )
        return login_text(login)

    # PPC

    def enter(self) -> Response:
        """Log in at a PPC gateway; keep cookie and token."""
        said = self.ask("GET", CGI)
        cookie = header(said, "Set-Cookie").partition(";")[0]
        self.cookie = cookie or self.cookie
        self._note_token(said)
        return said

    def act(self, action: str, **fields: str) -> Response:
        """Post an action with the newest token."""
        body = urlencode({"tkn": self.tkn, "action": action, **fields}).encode()
        said = self.ask("POST", CGI, body, headers={"Content-Type": FORM})
        self._note_token(said)
        return said

    def _note_token(self, said: Response) -> None:
        found = said.body.decode("latin-1").split("name='tkn' value='")
        self.tkn = found[-1].partition("'")[0] if len(found) > 1 else self.tkn


def header(response: Response, name: str) -> str:
    found = [value for each, value in response.headers if each.lower() == name.lower()]
    return found[0] if found else ""


def said_bytes(response: Response) -> bytes:
    return encode_response(
        response.status, response.headers, response.body, response.reason, response.version
    )
