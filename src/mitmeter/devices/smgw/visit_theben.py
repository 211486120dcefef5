"""A visit to a Theben Conexa: where to ask, whose contracts, how they scale, history, newest
values.

The order is that of running clients [O]; nothing is asked at the same time as anything else.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import timedelta

from mitmeter.devices.smgw.asking import Ask, Trouble, Visit, ask
from mitmeter.devices.smgw.dialects import theben
from mitmeter.devices.smgw.jsontext import Json
from mitmeter.devices.smgw.messages import Response
from mitmeter.devices.smgw.metered import Contract
from mitmeter.devices.smgw.visit import ENABLED, Stay, check, header
from mitmeter.errors import RemoteProtocolError

# A third of what one call may span: a megabyte of signed values, not three.
WINDOW = timedelta(days=10)
_REDIRECTS = (301, 302, 307, 308)


def read(stay: Stay) -> Visit:
    endpoint = yield from _endpoint(stay)
    found = theben.contracts((yield from _call(theben.call(endpoint, "user-info"))))
    contracts = theben.chosen(found, stay.want.taf)
    if not contracts:
        raise Trouble(_nothing_to_read(found))
    for contract in contracts:
        yield from _contract(stay, endpoint, contract)
    try:
        yield from _call(theben.call(endpoint, "smgw-info"))
    except Trouble as trouble:
        if trouble.login:
            raise
        # Who it is, is worth nothing of what it said.


def _contract(stay: Stay, endpoint: str, contract: Contract) -> Visit:
    for meter in contract.meters:
        stay.meet(meter)
    yield from _call(theben.channels_of(endpoint, contract.id))
    wanted = dict.fromkeys(span for meter in contract.meters for span in stay.spans(meter))
    for span in wanted:
        for part in span.parts(min(WINDOW, theben.LONGEST)):
            yield from _call(theben.readings_between(endpoint, contract.id, part.after, part.until))
    yield from _call(theben.last_readings(endpoint, contract.id))


def _endpoint(stay: Stay) -> Generator[Ask, Response, str]:
    answer = yield from ask(theben.discovery())
    if answer.status == 200 and not answer.body.strip():
        raise Trouble(_EMPTY, login=True)
    if answer.status not in _REDIRECTS:
        check(answer, "being asked for the user's address")
    location = header(answer, "location")
    endpoint = theben.endpoint_in(location, stay.want.host)
    if endpoint is None:
        if "://" in location or location.startswith("//"):
            raise Trouble("the gateway leads to another host, where the login does not go")
        raise Trouble("the gateway does not say where this user's values are")
    return endpoint


def _call(what: Ask) -> Generator[Ask, Response, Mapping[str, Json]]:
    """Call a method and return its payload. Raises Trouble in words."""
    answer = check((yield from ask(what)), "a method of its interface")
    if not answer.body.strip():
        raise Trouble(_EMPTY, login=True)
    try:
        return theben.parse_answer(answer.body).payload
    except RemoteProtocolError as exc:
        raise Trouble(f"the gateway's answer could not be read: {exc}") from None


_EMPTY = (
    "the gateway answers with an empty page: user or password are not what it expects, or this "
    "user id is not its own"
)


def _nothing_to_read(found: list[Contract]) -> str:
    if not found:
        return f"the login is right, but no contract is shown to it: {ENABLED}"
    states = ", ".join(sorted({f"TAF-{each.taf or '?'}" for each in found}))
    return f"the login is right, but none of its contracts is running that was asked for ({states})"
