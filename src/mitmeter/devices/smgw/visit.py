"""One visit to a gateway: which make it is, and what its answers mean for the visit."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime

from mitmeter.devices.smgw import identity
from mitmeter.devices.smgw.asking import Ask, Trouble, ask
from mitmeter.devices.smgw.dialects import emh, ppc, theben
from mitmeter.devices.smgw.messages import Message, Response
from mitmeter.devices.smgw.spans import Span, spans
from mitmeter.devices.smgw.wanted import Wanted
from mitmeter.errors import RemoteProtocolError
from mitmeter.model import DeviceId, printable
from mitmeter.protocol import Action, HeadendContext, Identify
from mitmeter.wire.digest import parse_parameters

ENABLED = "ask the metering operator whether the consumer interface is enabled for this login"
_LOCKED = ("gesperrt", "locked", "blocked")
_MOST_LOOKED_AT = 4096


@dataclass(slots=True)
class Stay:
    """What a visit knows. now: of the answer last handed over. said: actions that wait."""

    context: HeadendContext
    want: Wanted
    now: datetime
    has_session: Callable[[], bool] = lambda: False
    forget_session: Callable[[], None] = lambda: None
    said: list[Action[Message]] = field(default_factory=list)
    _met: set[DeviceId] = field(default_factory=set)

    def meet(self, meter: str) -> DeviceId:
        """Return a meter's device; operator's commands for the first find their way here."""
        device = identity.meter(meter)
        if device not in self._met:
            if not self._met:
                self.said.append(Identify(device))
            self._met.add(device)
        return device

    def spans(self, meter: str) -> list[Span]:
        return spans(self.context, self.want, identity.meter(meter), self.now)


def header(answer: Response, name: str) -> str:
    """Return the first header of that name (in lower case), "" where there is none."""
    return next((value for each, value in answer.headers if each.lower() == name), "")


def check(answer: Response, what: str, host: str = "") -> Response:
    """Return an answer of status 200. Raises Trouble, in words for an owner, for any other."""
    status = answer.status
    if status == 200:
        return answer
    shown = answer.body[:_MOST_LOOKED_AT].decode("utf-8", "replace").lower()
    if status in (423, 429) or any(word in shown for word in _LOCKED):
        raise Trouble(
            f"the gateway has locked this login for now (status {status}): wait some minutes, and "
            "make sure that nothing else logs in wrongly",
            login=True,
        )
    if status in (400, 403, 421) and host:
        raise Trouble(
            f"the gateway refuses this Host ({printable(host)}, status {status}): give the "
            "gateway's own address or smgw.local as the option host"
        )
    if status == 403:
        raise Trouble(f"the gateway forbids {what} (403): {ENABLED}", login=True)
    if status in (301, 302, 303, 307, 308):
        where = printable(header(answer, "location"), 80)
        raise Trouble(f"the gateway sends {what} elsewhere, to {where or 'nowhere'}")
    words = {
        400: "does not understand",
        404: "does not know",
        405: "does not take",
        500: "failed at",
        503: "is too busy for",
    }.get(status, "refuses")
    raise Trouble(f"the gateway {words} {what} (status {status})")


def find(stay: Stay) -> Generator[Ask, Response, str]:
    """Return which make it is. Raises Trouble where that cannot be found out.

    Addresses are tried without a login first, which costs nobody a failed one.
    """
    first = yield from ask(theben.discovery(plain=True))
    if make := make_of(first):
        return make
    if first.status == 401:
        # Nothing but the login tells them apart: the right one does no harm at any address.
        if make := make_of((yield from ask(theben.discovery()))):
            return make
        answer = yield from ask(emh.meters())
        if answer.status == 200 and answer.body.lstrip()[:1] == b"[":
            return "emh"
    else:
        answer = yield from ask(emh.meters(plain=True))
        if answer.status in (200, 401):
            return make_of(answer) or "emh"
    answer = yield from ask(ppc.entry(plain=True))
    if answer.status in (200, 401):
        return "ppc"
    check(first, "being read", stay.want.host)
    raise Trouble("none of the known gateways answers here: the option dialect insists on one")


def make_of(answer: Response) -> str:
    """Return the make an answer gives away by its redirection, realm or server, "" for none."""
    if theben.endpoint_in(header(answer, "location")) is not None:
        return "theben"
    said = f"{_realm(answer)} {header(answer, 'server')}".lower()
    for word, make in (("conexa", "theben"), (ppc.REALM.lower(), "ppc"), ("casa", "emh")):
        if word in said:
            return make
    return ""


def _realm(answer: Response) -> str:
    try:
        return parse_parameters(header(answer, "www-authenticate"))[1].get("realm", "")
    except RemoteProtocolError:
        return ""
