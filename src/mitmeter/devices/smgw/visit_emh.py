"""A visit to an EMH CASA: which meters, and each one's values.

History is asked for only when it is wished for: it has been described once and never seen [I].
"""

from __future__ import annotations

from collections.abc import Generator

from mitmeter.devices.smgw.asking import Ask, Trouble, Visit, ask
from mitmeter.devices.smgw.dialects import emh
from mitmeter.devices.smgw.jsontext import parse_json
from mitmeter.devices.smgw.messages import Response
from mitmeter.devices.smgw.obis import whole
from mitmeter.devices.smgw.spans import Span
from mitmeter.devices.smgw.visit import ENABLED, Stay, check
from mitmeter.errors import RemoteProtocolError

_MOST_CHUNKS = 36
_MOST_CONTRACTS = 16


def read(stay: Stay) -> Visit:
    meters = yield from _meters(stay)
    if not meters:
        raise Trouble(f"the login is right, but no meter is shown to it: {ENABLED}")
    worst: Trouble | None = None
    for meter in meters:
        stay.meet(meter)
        if stay.want.since is not None:
            for span in stay.spans(meter):
                yield from _history(meter, span)
        try:
            yield from _current(stay, meter)
        except Trouble as trouble:
            worst = worst or trouble  # the other meters may well answer
    if any(stay.context.recall(stay.meet(meter), "firmware") is None for meter in meters):
        yield from ask(emh.system())
    if worst is not None:
        raise worst


def _current(stay: Stay, meter: str) -> Visit:
    answer = check((yield from ask(emh.current(meter))), "a meter's values", stay.want.host)
    try:
        emh.parse_current(answer.body, meter)
    except RemoteProtocolError as exc:
        raise Trouble(f"a meter's values could not be read: {exc}") from None


def _meters(stay: Stay) -> Generator[Ask, Response, list[str]]:
    answer = check((yield from ask(emh.meters())), "being asked for its meters", stay.want.host)
    try:
        found = emh.parse_ids(answer.body)
    except RemoteProtocolError as exc:
        raise Trouble(f"the gateway's list of meters could not be read: {exc}") from None
    return found or (yield from _meters_of_contracts())


def _meters_of_contracts() -> Generator[Ask, Response, list[str]]:
    """Return the meters of the first contract that names some; a broken one is skipped [O]."""
    answer = yield from ask(emh.contract_list())
    try:
        ids = emh.parse_ids(answer.body) if answer.status == 200 else []
    except RemoteProtocolError:
        return []
    for id in ids[:_MOST_CONTRACTS]:
        answer = yield from ask(emh.contract(id))
        try:
            contract = emh.parse_contract(answer.body)
        except RemoteProtocolError:
            continue
        if answer.status == 200 and contract.meters:
            return list(contract.meters)
    return []


def _history(meter: str, span: Span) -> Visit:
    """Ask for history, chunk by chunk until it is older than what is wished for."""
    answer = yield from ask(emh.history(meter))
    if answer.status != 200:
        return
    for chunk in _chunks(answer.body):
        answer = yield from ask(emh.history(meter, chunk))
        if answer.status != 200:
            return
        try:
            values = emh.parse_history(answer.body, meter)
        except RemoteProtocolError:
            return
        if not values or min(value.at for value in values) <= span.after:
            return


def _chunks(body: bytes) -> list[int]:
    """Return the numbers of chunks, where the answer lists such rather than values."""
    try:
        found = parse_json(body)
    except RemoteProtocolError:
        return []
    if not isinstance(found, list):
        return []
    numbers = {number for each in found if (number := whole(each)) is not None and number >= 0}
    return sorted(numbers)[:_MOST_CHUNKS]
