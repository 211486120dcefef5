"""Readings and events as InfluxDB line protocol.

One measurement per kind of quantity, named after it (`power`, `energy`, `voltage` …), with one
field that carries the unit in its name. Every measured value is a float, whatever its digits: a
field that is an integer once refuses a float for ever. Tags are few and never change: `site`,
`device`, `quantity`, and `origin=synthetic` for simulated devices. Same measurement, tags and time
overwrite, so a line sent twice is one point; nothing that differs between two sendings is in it.

Source: the line protocol reference: `measurement,tag=value field=value timestamp` [O]; in
measurements comma and space are escaped with a backslash, in tags and field names the equals sign
too, in strings the quote and the backslash [O]. A backslash at the end of a tag would escape what
follows it; it has no escape of its own, so it is replaced [O].
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from mitmeter.model import Kind, Origin, Reading, nanoseconds, quantity
from mitmeter.sinks.sink import Occurrence

# unit → measurement and field
_BY_UNIT = {
    "W": ("power", "value_w"),
    "VA": ("apparent_power", "value_va"),
    "var": ("reactive_power", "value_var"),
    "kWh": ("energy", "value_kwh"),
    "V": ("voltage", "value_v"),
    "A": ("current", "value_a"),
    "Hz": ("frequency", "value_hz"),
    "°C": ("temperature", "value_c"),
    "m³": ("volume", "value_m3"),
    "%": ("share", "value_percent"),
    "s": ("duration", "value_s"),
    "dBm": ("signal", "value_dbm"),
}
_BY_NAME = {
    "price.import": ("tariff", "unit_rate"),
    "price.export": ("tariff", "export_rate"),
    "price.standing": ("tariff", "standing_charge"),
    "clock.skew": ("clock", "skew_s"),
}
_VENDOR = ("vendor", "value")
_OTHER = ("measure", "value")
_STATE = ("state", "text")
# Nothing larger fits a 64-bit float, which is what the destination keeps.
_LARGEST = Decimal("1.7976931348623157E+308")
_MOST_PREFIXES = 100_000
_LONGEST_TEXT = 60_000


def place(name: str) -> tuple[str, str]:
    """Return measurement and field of a quantity."""
    known = _BY_NAME.get(name)
    if known is not None:
        return known
    if name.startswith("vendor."):
        return _VENDOR
    return _BY_UNIT.get(quantity(name).unit, _OTHER)


class LineWriter:
    """Makes lines. strings: whether the destination keeps text; without, text states are skipped.

    VictoriaMetrics keeps no strings: a quoted one would become the number 0.
    """

    def __init__(self, site: str, *, strings: bool) -> None:
        self._site = f",site={tag(site)}" if site else ""
        self._strings = strings
        self._prefixes: dict[tuple[object, str, Origin, bool], str] = {}

    def readings(self, batch: Sequence[Reading]) -> tuple[list[str], list[int]]:
        """Return the lines, and of each the row of the batch it came from.

        Left out are: text where there are no strings, and numbers that are none.
        """
        lines: list[str] = []
        kept: list[int] = []
        stamp, stamped = "", None
        for row, reading in enumerate(batch):
            at = reading.at or reading.received
            # The readings of one message share one instant.
            if at is not stamped:
                stamp, stamped = f" {nanoseconds(at)}", at
            value = reading.value
            if isinstance(value, str):
                if not self._strings:
                    continue
                text = f'"{string(value)}"'
            else:
                text = str(value)
                if "E" in text or not text[-1].isdigit():
                    text = _unusual(value)
                    if not text:
                        continue
            lines.append(self._prefix(reading, isinstance(value, str)) + text + stamp)
            kept.append(row)
        return lines, kept

    def events(self, batch: Sequence[Occurrence]) -> list[str]:
        """Return a line per event: a count of 1, and its message where strings are kept."""
        lines = []
        for each in batch:
            event = each.event
            tags = self._site + f",eventid={tag(event.eventid)},severity={event.severity}"
            if event.device is not None:
                tags += f",device={tag(str(event.device))}"
            fields = "count=1"
            if self._strings:
                fields += f',message="{string(event.message)}"'
            lines.append(f"event{tags} {fields} {nanoseconds(event.at)}")
        return lines

    def _prefix(self, reading: Reading, is_text: bool) -> str:
        """Return everything before the value; there are few, and each is made once."""
        key = (reading.device, reading.quantity, reading.origin, is_text)
        found = self._prefixes.get(key)
        if found is None:
            if len(self._prefixes) >= _MOST_PREFIXES:
                self._prefixes.clear()
            is_state = is_text or quantity(reading.quantity).kind is Kind.STATE
            measurement, field = _STATE if is_state else place(reading.quantity)
            tags = (
                f"{self._site},device={tag(str(reading.device))},quantity={tag(reading.quantity)}"
            )
            if reading.origin is Origin.SYNTHETIC:
                tags += ",origin=synthetic"
            found = self._prefixes[key] = f"{measurement}{tags} {field}="
        return found


def _unusual(value: Decimal) -> str:
    """Return a number as a float's text; "" for one that no destination could keep."""
    if not value.is_finite() or abs(value) > _LARGEST:
        return ""
    return repr(float(value))


def tag(text: str) -> str:
    """Return a tag's value, escaped; never empty, and without what no escape exists for."""
    clean = "".join(c if c.isprintable() else "?" for c in text).replace("\\", "/")
    return clean.replace(",", r"\,").replace(" ", r"\ ").replace("=", r"\=") or "-"


def string(text: str) -> str:
    """Return a string field's content, escaped and bounded; a line's end in it becomes a space."""
    clean = " ".join(text[:_LONGEST_TEXT].splitlines())
    return clean.replace("\\", "\\\\").replace('"', '\\"')
