"""One line of InfluxDB's line protocol → a row.

`power,device=glow:02005EFFFE302010 grid.power=312,grid.import=4200.118 1763632800000000000`

Which device: the tag `device` where it is `<protocol>:<serial>`. Which quantity: the field's name,
or `<measurement>.<field>`; a field called `value` is named by the tag `quantity`, else by the
measurement. What is no quantity of ours is kept as `vendor.influx.<measurement>.<field>`.
Source: InfluxDB's public description of the line protocol [V].
"""

from __future__ import annotations

import re
from decimal import Decimal

from mitmeter.devices.history.rows import Reader, Row
from mitmeter.devices.history.values import device, instant, number, quantity_name, state
from mitmeter.errors import RemoteProtocolError
from mitmeter.model import CATALOGUE, DeviceId, printable

# A name or a value: escaped characters, a quoted text, or anything that ends nothing.
_PART = re.compile(r'((?:\\.|[^\\,= "])+)|"((?:\\.|[^\\"])*)"')
_ESCAPED = re.compile(r'\\([,= "\\])')
_TRUTH = {
    **dict.fromkeys(("t", "T", "true", "True", "TRUE"), Decimal(1)),
    **dict.fromkeys(("f", "F", "false", "False", "FALSE"), Decimal(0)),
}
_ODD = re.compile(r"[^A-Za-z0-9_+-]+")


def influx_row(text: str, reader: Reader) -> Row:
    """Raises RemoteProtocolError saying what is wrong with the line."""
    line = _Scanner(text)
    measurement = line.name()
    tags = line.pairs() if line.take(",") else {}
    line.expect(" ")
    fields = line.pairs(quoted=True)
    if not line.take(" ") or not line.rest():
        raise RemoteProtocolError("the line has no time")
    at = instant(line.rest(), reader.zone)
    values = tuple(
        (_quantity(measurement, name, tags, reader), _value(name, told, quoted=quoted))
        for name, (told, quoted) in fields.items()
    )
    return Row(_device(tags, reader), at, values, at, at)


def _device(tags: dict[str, tuple[str, bool]], reader: Reader) -> DeviceId:
    told = tags.get("device", ("", False))[0]
    if ":" in told:
        return device(told)
    if reader.device is None:
        raise RemoteProtocolError("there is no tag device=<protocol>:<serial>, and no device named")
    return reader.device


def _quantity(
    measurement: str, name: str, tags: dict[str, tuple[str, bool]], reader: Reader
) -> str:
    tagged = tags.get("quantity", ("", False))[0]
    candidates = [f"{measurement}.{name}", name]
    if name == "value":
        candidates = [tagged, measurement, *candidates]
    for each in candidates:
        if each in reader.quantities:
            return quantity_name(reader.quantities[each])
    for each in candidates:
        if each in CATALOGUE or each.startswith("vendor."):
            return quantity_name(each)
    plain = (_ODD.sub("_", each) or "_" for each in (measurement, name))
    return quantity_name(f"vendor.influx.{'.'.join(plain)}")


def _value(name: str, told: str, *, quoted: bool) -> Decimal | str:
    if quoted:
        return state(name, told)
    if told in _TRUTH:
        return _TRUTH[told]
    found = number(told[:-1] if told.endswith(("i", "u")) else told)
    if found is None:
        raise RemoteProtocolError(f"{printable(name, 40)}: {printable(told, 40)!r} is no number")
    return found


class _Scanner:
    """Walks over one line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def name(self) -> str:
        return self._part(quoted=False)[0]

    def pairs(self, *, quoted: bool = False) -> dict[str, tuple[str, bool]]:
        """Return name → (text, whether it stood in quotes), of `a=b,c=d`."""
        found: dict[str, tuple[str, bool]] = {}
        while True:
            name = self.name()
            self.expect("=")
            found[name] = self._part(quoted=quoted)
            if not self.take(","):
                return found

    def take(self, character: str) -> bool:
        if self._text[self._at : self._at + 1] != character:
            return False
        self._at += 1
        return True

    def expect(self, character: str) -> None:
        if not self.take(character):
            raise RemoteProtocolError(f"no line protocol: no {character!r} at {self._at}")

    def rest(self) -> str:
        return self._text[self._at :].strip()

    def _part(self, *, quoted: bool) -> tuple[str, bool]:
        found = _PART.match(self._text, self._at)
        if found is None or (found[2] is not None and not quoted):
            raise RemoteProtocolError(f"no line protocol: no name at {self._at}")
        self._at = found.end()
        in_quotes = found[2] is not None
        return _ESCAPED.sub(r"\1", found[2] if in_quotes else found[1]), in_quotes
