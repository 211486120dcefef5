"""Messages → readings, events and facts, for one conversation.

An answer is paired with its request where that was heard, and else known by what it looks like. A
value of class 3 or 4 (unusable, fatal) is no reading: how many there were is an event. The class
is told as `vendor.smgw.status` when it changes. `reported` is the gateway's target time, its
capture time where there is no target, aware UTC; quarter-hour values are never live, for they say
nothing of the gateway's clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime

from mitmeter.devices.smgw import happenings
from mitmeter.devices.smgw.dialects import emh, ppc, theben
from mitmeter.devices.smgw.dialects.ppc_export import is_export
from mitmeter.devices.smgw.jsontext import parse_object, text_of
from mitmeter.devices.smgw.legaltime import parse_instant
from mitmeter.devices.smgw.messages import Message, Request, Response
from mitmeter.devices.smgw.metered import Contract, Value
from mitmeter.devices.smgw.obis import Scale
from mitmeter.devices.smgw.ppc_readings import PpcReader, reached
from mitmeter.devices.smgw.telling import Said, Teller
from mitmeter.errors import RemoteProtocolError
from mitmeter.model import Side
from mitmeter.wire.digest import parse_login
from mitmeter.wire.http_message import Headers

_MOST_OPEN = 64
_MOST_CONTRACTS = 64


class SmgwProjection:
    """The projection of one conversation."""

    __slots__ = ("_contracts", "_nonces", "_open", "_ppc", "_scales", "_teller")

    def __init__(self) -> None:
        self._open: deque[Request] = deque(maxlen=_MOST_OPEN)
        self._teller = Teller()
        self._ppc = PpcReader(self._teller)
        self._contracts: dict[str, Contract] = {}
        self._scales: dict[str, dict[str, Scale]] = {}
        self._nonces: deque[str] = deque(maxlen=4)  # of logins that were accepted

    def project(self, sender: Side, message: Message, at: datetime) -> list[Said]:
        said: list[Said] = []
        if isinstance(message, Request):
            if sender is Side.HEADEND:
                self._open.append(message)
        elif sender is Side.DEVICE and (message.status >= 200 or message.status == 101):
            request = self._open.popleft() if self._open else None
            self._answer(request, message, at, said)
        return said

    def _answer(
        self, request: Request | None, answer: Response, at: datetime, said: list[Said]
    ) -> None:
        login = "" if request is None else _header(request.headers, "authorization")
        if answer.status >= 300:
            self._refused(request, answer, login, at, said)
            return
        if login:
            self._nonces.append(_nonce(login))
        if not answer.body:
            self._tell("empty", lambda count: happenings.empty(at, count), said)
            return
        try:
            self._read(request, answer, at, said)
        except RemoteProtocolError as exc:
            reason = str(exc)
            self._tell("unreadable", lambda count: happenings.unreadable(reason, at, count), said)

    def _refused(
        self,
        request: Request | None,
        answer: Response,
        login: str,
        at: datetime,
        said: list[Said],
    ) -> None:
        """Tell of a login that was refused, and of answers that are errors."""
        status = answer.status
        if status == 401:
            # A nonce that was good before has grown old; a first challenge refuses nobody.
            if login and _nonce(login) not in self._nonces and not _is_stale(answer):
                self._tell("login", lambda count: happenings.login_refused(at, count), said)
        elif status >= 400 and (login or request is None) and not _is_hearsay(request):
            # Without a login it is somebody who looks what kind of gateway this is.
            self._tell(f"failed {status}", lambda count: happenings.failed(status, at, count), said)
        elif login and status < 400:
            self._nonces.append(_nonce(login))

    def _tell(self, name: str, event: Callable[[int], Said], said: list[Said]) -> None:
        if count := self._teller.count(name):
            said.append(event(count))

    # by make

    def _read(
        self, request: Request | None, answer: Response, at: datetime, said: list[Said]
    ) -> None:
        body, target = answer.body, "" if request is None else request.target
        if target.startswith(theben.ROOT) or (not target and _looks_theben(body)):
            self._theben(request, body, at, said)
        elif target.startswith(emh.ROOT) or (not target and _looks_emh(body)):
            self._emh(target, body, at, said)
        elif target.partition("?")[0] == ppc.PATH or (not target and _looks_ppc(body)):
            self._ppc.read(request, body, at, said)

    def _theben(self, request: Request | None, body: bytes, at: datetime, said: list[Said]) -> None:
        answer = theben.parse_answer(body)
        asked = _asked(request)
        if answer.method == "user-info":
            for contract in theben.contracts(answer.payload)[:_MOST_CONTRACTS]:
                self._contracts[contract.id] = contract
                self._teller.contract(contract, at, said)
        elif answer.method == "usage-point-info":
            id = text_of(answer.payload, "usage-point-id") or asked.get("usage-point-id", "")
            if len(self._scales) < _MOST_CONTRACTS:
                self._scales[id] = theben.scales(answer.payload)
        elif answer.method == "smgw-info":
            self._teller.gateway(theben.gateway(answer.payload), at, said)
        elif answer.method == "readings":
            self._theben_readings(answer, asked, at, said)

    def _theben_readings(
        self,
        answer: theben.Envelope,
        asked: dict[str, str],
        at: datetime,
        said: list[Said],
    ) -> None:
        id = asked.get("usage-point-id", "")
        known = self._scales.get(id) or _merged(self._scales)
        found = theben.readings(answer.payload, known)
        contract = self._contracts.get(id)
        whose = "" if contract is None or not contract.meters else contract.meters[0]
        values = [_owned(value, whose) for value in found.values]
        until = parse_instant(asked.get("totime", ""))
        self._teller.values(values, at, said, current=until is None and "fromtime" not in asked)
        if found.odd:
            self._left_out(found.odd, at, said)
        if until is not None:
            after = parse_instant(asked.get("fromtime", ""))
            for meter, newest in reached(values, whose, until).items():
                self._teller.history(meter, after, newest, at, said)

    def _emh(self, target: str, body: bytes, at: datetime, said: list[Said]) -> None:
        meter = emh.current_of(target)
        if meter is not None or not target:
            found = emh.parse_current(body, meter or "")
            self._teller.values(found.values, at, said, current=True)
            if found.odd:
                self._left_out(found.odd, at, said)
        elif (meter := emh.history_of(target)) is not None:
            self._teller.values(emh.parse_history(body, meter), at, said, current=False)
        elif (id := emh.contract_of(target)) is not None and id:
            self._teller.contract(emh.parse_contract(body), at, said)
        elif target == emh.SYSTEM:
            self._teller.gateway(emh.parse_system(body), at, said)

    def _left_out(self, number: int, at: datetime, said: list[Said]) -> None:
        if self._teller.count("left out") == 1:
            said.append(happenings.left_out(number, self._teller.any_meter(), at))


def _owned(value: Value, meter: str) -> Value:
    """Return the value as that meter's, where it does not say whose it is."""
    if value.meter or not meter:
        return value
    return Value(
        meter, value.code, value.number, value.unit, value.at, value.ptb, value.status, value.why
    )


def _merged(scales: dict[str, dict[str, Scale]]) -> dict[str, Scale]:
    """Return the scales of all contracts, for an answer whose question was not heard."""
    merged: dict[str, Scale] = {}
    for each in scales.values():
        merged |= each
    return merged


def _asked(request: Request | None) -> dict[str, str]:
    """Return the text members of a request's JSON; none where it is no such request."""
    if request is None or not request.body:
        return {}
    try:
        members = parse_object(request.body)
    except RemoteProtocolError:
        return {}
    return {name: text_of(members, name) for name in members if text_of(members, name)}


def _header(headers: Headers, name: str) -> str:
    return next((value for each, value in headers if each.lower() == name), "")


def _nonce(login: str) -> str:
    try:
        return parse_login(login).nonce
    except RemoteProtocolError:
        return ""


def _is_hearsay(request: Request | None) -> bool:
    """Tell whether an address was asked for that has been described once: its absence is no
    news.
    """
    return request is not None and request.target == emh.SYSTEM


def _is_stale(answer: Response) -> bool:
    return any(
        name.lower() == "www-authenticate" and "stale=true" in value.lower().replace('"', "")
        for name, value in answer.headers
    )


def _looks_theben(body: bytes) -> bool:
    return body[:1] == b"{" and b'"method"' in body


def _looks_emh(body: bytes) -> bool:
    return body[:1] == b"{" and b'"logical_name"' in body


def _looks_ppc(body: bytes) -> bool:
    return is_export(body) or b"table_metervalues_" in body
