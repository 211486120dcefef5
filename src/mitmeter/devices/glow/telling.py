"""What was heard of a display → readings, facts and events, told through its teller."""

from __future__ import annotations

from decimal import Decimal

from mitmeter.devices.glow.jsontext import Json
from mitmeter.devices.glow.metered import MOST_TEXT, Heard, Known
from mitmeter.devices.glow.registers import BITS8, INT8, NOT_HEX, HexType, hex_value
from mitmeter.devices.glow.told import Said, Teller
from mitmeter.model import Event, Field, Severity, printable

JOINED = "joined"
_MOST_NAMED = 32
# A meter of another number is another meter.
_METER_NUMBERS = frozenset({"mpan", "mprn", "electricity.meter", "gas.meter"})
_LIFETIME = frozenset({"grid.import", "grid.export", "gas.volume", "gas.energy"})


def tell_heard(heard: Heard, teller: Teller, said: list[Said], *, repeats: bool) -> None:
    """Tell what one meter, or the rest of a message, said.

    repeats: the numbers are sent again and again and change every half hour only.
    """
    for quantity, value in heard.prices:
        if (reading := teller.repeated(quantity, value)) is not None:
            said.append(reading)
    for quantity, value in heard.measured:
        if not repeats:
            said.append(teller.reading(quantity, value))
        elif (reading := teller.repeated(quantity, value)) is not None:
            said.append(reading)
        if quantity in _LIFETIME and (before := teller.fell(quantity, value)) is not None:
            said.append(_fell(quantity, before, value, teller))
    for quantity, state in heard.states:
        if teller.changed(quantity, state):
            said.append(teller.reading(quantity, state))
            if quantity in heard.alarms and state != "none":
                said.append(_alarm(quantity, str(state), teller))
    for known in heard.known:
        tell_fact(known, teller, said)
    tell_odd(heard, teller, said)


def _fell(quantity: str, before: Decimal, value: Decimal, teller: Teller) -> Event:
    text = f"{quantity} went back from {before} to {value}: is it another meter?"
    fields = {"quantity": quantity, "before": str(before), "value": str(value)}
    return teller.event("register.fell", text, Severity.WARNING, fields)


def _alarm(quantity: str, state: str, teller: Teller) -> Event:
    text = f"{quantity} says: {state}"
    return teller.event("alarm", text, Severity.ALARM, {"quantity": quantity, "state": state})


def tell_fact(known: Known, teller: Teller, said: list[Said]) -> None:
    other = teller.knows(known.name)
    fact = teller.fact(known.name, known.value, known.private)
    if fact is None:
        return
    said.append(fact)
    if other and known.name in _METER_NUMBERS:
        text = f"the meter is another one: its {known.name} is not what it was"
        said.append(teller.event("meter.changed", text, Severity.NOTICE, {"number": known.name}))


def tell_text(name: str, value: str, teller: Teller, said: list[Said], *, private: bool) -> None:
    """Tell plain text as a fact; blanks say nothing."""
    if shown := printable(value.strip(), MOST_TEXT):
        tell_fact(Known(name, shown, private), teller, said)


def tell_odd(heard: Heard, teller: Teller, said: list[Said]) -> None:
    """Complain, once, of what could not be read and of what had to be assumed."""
    for name, words in heard.problems:
        if teller.first(name):
            said.append(teller.event(name, words, Severity.WARNING))
    if heard.odd and teller.first(f"odd {heard.odd[:_MOST_NAMED]}"):
        names = tuple(printable(name, 64) for name in heard.odd[:_MOST_NAMED])
        text = f"fields that could not be read: {', '.join(names)}"
        fields: dict[str, Field] = {"names": names, "count": len(heard.odd)}
        said.append(teller.event("fields.odd", text, Severity.WARNING, fields))


def tell_network(status: str | None, rssi: int | None, teller: Teller, said: list[Said]) -> bool:
    """Tell whether the display is on the meter network, and of a change; unknown counts as yes."""
    if status is None:
        return True
    shown = printable(status, MOST_TEXT)
    on_it = status.strip().lower() == JOINED
    if not on_it and teller.first("network"):
        fields: dict[str, Field] = {"status": shown, "joined": False}
        if rssi is not None:
            fields["rssi_dbm"] = rssi
        text = f"the display is not on the meter network ({shown}): its figures may be old ones"
        said.append(teller.event("network.lost", text, Severity.WARNING, fields))
    elif on_it and teller.happened("network"):
        teller.again("network")
        text = "the display is on the meter network again"
        again: dict[str, Field] = {"status": shown, "joined": True}
        said.append(teller.event("network.joined", text, Severity.INFO, again))
    return on_it


def tell_pan(pan: Json, teller: Teller, said: list[Said]) -> bool:
    """Tell the home network's state, `pan`; tell whether the display is on it.

    rssi: two's complement of 8 bits, dBm. lqi: 0 to 255. A display that is on no network hears
    nothing, so its 0 dBm is no reading. Source: fact sheet §3.2 [O].
    """
    if not isinstance(pan, dict):
        if pan is not None:
            tell_odd(Heard(odd=["pan"]), teller, said)
        return True
    heard = Heard()
    rssi = _number(pan, "rssi", INT8, heard)
    lqi = _number(pan, "lqi", BITS8, heard)
    status = pan.get("status")
    on_it = tell_network(status if isinstance(status, str) else None, rssi, teller, said)
    if on_it:
        tell_radio(rssi, lqi, teller, said)
        for name in ("nPAN", "join"):
            value = pan.get(name)
            if value and isinstance(value, str) and teller.noticed(name, value):
                heard.states.append((f"vendor.glow.pan.{name}", printable(value, MOST_TEXT)))
    tell_heard(heard, teller, said, repeats=False)
    return on_it


def tell_radio(rssi: int | None, lqi: int | None, teller: Teller, said: list[Said]) -> None:
    if rssi is not None:
        said.append(teller.reading("radio.rssi", Decimal(rssi)))
    if lqi is not None:
        said.append(teller.reading("radio.lqi", Decimal(lqi)))


def _number(pan: dict[str, Json], name: str, kind: HexType, heard: Heard) -> int | None:
    value = pan.get(name)
    number = hex_value(value, kind) if isinstance(value, str) else NOT_HEX
    if isinstance(number, int):
        return number
    if number is NOT_HEX and name in pan:
        heard.odd.append(f"pan.{name}")
    return None
