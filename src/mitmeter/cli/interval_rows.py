"""Intervals as rows of a table, lines of CSV and JSON objects."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from mitmeter.cli.output import utc_text
from mitmeter.cli.table import Column
from mitmeter.model import quantity
from mitmeter.store.energy import Change, Fuel, GapSpan, Interval, Intervals, Mark
from mitmeter.store.intervals import Every

_HEADINGS = {
    "grid.import": "import",
    "grid.export": "export",
    "pv.energy": "solar",
    "battery.charged": "charged",
    "battery.discharged": "discharged",
    "battery.charged.grid": "charged from grid",
    "gas.energy": "gas",
    "gas.volume": "gas",
}
_WORDS = {
    Mark.GAP: "gap",
    Mark.ESTIMATED: "estimated",
    Mark.METER_CHANGE: "meter changed",
    Mark.ROLL_OVER: "rolled over",
    Mark.PARTIAL: "still running",
    Mark.UNPRICED: "partly without price",
}
_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}
_FORMS = {
    Every.DAY: "%a %Y-%m-%d",
    Every.MONTH: "%Y-%m",
    Every.YEAR: "%Y",
}
_UNKNOWN = "–"


class Sheet:
    """Intervals laid out for people. every and zone: as they were reckoned with."""

    def __init__(self, found: Intervals, every: Every, zone: tzinfo, *, cost: bool) -> None:
        self._found = found
        self._every = every
        self._zone = zone
        self._names = list(found.totals.energies)
        self._fuels = list(found.totals.bills) if cost else []

    def columns(self) -> list[Column]:
        """Return the columns of `rows`."""
        energies = [
            Column(f"{_HEADINGS.get(name, name)} {quantity(name).unit}".strip(), right=True)
            for name in self._names
        ]
        return [Column("from"), *energies, *self._money_columns(), Column("", fold=True)]

    def _money_columns(self) -> Iterator[Column]:
        many = len(self._fuels) > 1
        for fuel in self._fuels:
            yield Column(f"{fuel} used" if many else "used", right=True)
            yield Column(f"{fuel} standing" if many else "standing", right=True)
            if fuel is Fuel.ELECTRICITY and self._exports():
                yield Column("export income", right=True)
        if self._fuels:
            yield Column(f"cost {self._found.currency}".strip(), right=True)

    def rows(self) -> Iterator[list[str]]:
        """Yield a row per interval, and one for all of them."""
        for each in self._found.items:
            yield self._row(self._when(each.since), each)
        if len(self._found.items) > 1:
            yield self._row("in all", self._found.totals)

    def _row(self, name: str, each: Interval) -> list[str]:
        cells = [name]
        cells += (_amount(each.energies[name].value, 3) for name in self._names)
        for fuel in self._fuels:
            bill = each.bills[fuel]
            cells += [self._money(bill.usage), self._money(bill.standing)]
            if fuel is Fuel.ELECTRICITY and self._exports():
                cells.append(self._money(bill.export))
        if self._fuels:
            cells.append(self._money(each.cost))
        return [*cells, self._marks(each)]

    def _exports(self) -> bool:
        bill = self._found.totals.bills.get(Fuel.ELECTRICITY)
        return bill is not None and bill.export is not None

    def _marks(self, each: Interval) -> str:
        """Say in words what is to be known of the numbers; of which, where not of all."""
        held = {
            mark: [name for name in self._names if mark in each.energies[name].marks]
            for mark in Mark
        }
        unpriced = any(Mark.UNPRICED in each.bills[fuel].marks for fuel in self._fuels)
        said: list[str] = []
        for mark, names in held.items():
            if names and (mark is Mark.PARTIAL or len(names) == len(self._names)):
                said.append(_WORDS[mark])
            elif names:
                shown = ", ".join(_HEADINGS.get(name, name) for name in names)
                said.append(f"{_WORDS[mark]}: {shown}")
        if unpriced:
            said.append(_WORDS[Mark.UNPRICED])
        return "; ".join(said)

    def _when(self, at: datetime) -> str:
        local = at.astimezone(self._zone)
        form = _FORMS.get(self._every)
        if form is not None:
            return local.strftime(form)
        # The offset tells the hour that comes twice from itself.
        return f"{local:%Y-%m-%d %H:%M} {local:%Z}"

    def _money(self, value: Decimal | None) -> str:
        """Return money to a hundredth; what is less, of a short interval, to four places."""
        if value is None:
            return _UNKNOWN
        places = 2 if self._every in _FORMS or abs(value) >= 1 else 4
        symbol = _SYMBOLS.get(self._found.currency, "")
        text = _amount(abs(value), places)
        negative = value < 0 and any(digit in "123456789" for digit in text)
        return f"{'-' if negative else ''}{symbol}{text}"

    def remarks(self) -> Iterator[str]:
        """Yield what is in none of the rows, and what happened to meters, as sentences."""
        for gap in self._found.gaps:
            yield self._gap(gap)
        for change in self._found.changes:
            yield self._change(change)

    def _gap(self, gap: GapSpan) -> str:
        unit = quantity(gap.quantity).unit
        much = "unknown" if gap.value is None else f"{_amount(gap.value, 3)} {unit}"
        cost = "" if gap.cost is None or not self._fuels else f", {self._money(gap.cost)}"
        return (
            f"no readings of {gap.quantity} from {gap.device} between {self._time(gap.since)} and "
            f"{self._time(gap.until)}: {much} in all{cost}, in none of the rows"
        )

    def _change(self, change: Change) -> str:
        what = "rolled over" if change.mark is Mark.ROLL_OVER else "was reset or changed"
        return (
            f"{change.quantity} of {change.device} {what} at {self._time(change.until)}: "
            f"{change.before:f} → {change.after:f}"
        )

    def _time(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M}"


def interval_object(each: Interval, unit: str) -> dict[str, Any]:
    """Return one interval in the shape of `intervals --json`; unit: the currency."""
    shown: dict[str, Any] = {
        "from": each.since,
        "to": each.until,
        "energies": {
            name: {
                "value": energy.value,
                "unit": quantity(name).unit,
                "marks": _sorted(energy.marks),
            }
            for name, energy in each.energies.items()
        },
    }
    if each.bills:
        shown["currency"] = unit
        shown["bills"] = {
            str(fuel): {
                "usage": bill.usage,
                "export": bill.export,
                "standing": bill.standing,
                "total": bill.total,
                "unpriced": bill.unpriced,
                "marks": _sorted(bill.marks),
            }
            for fuel, bill in each.bills.items()
        }
        shown["cost"] = each.cost
    return shown


def csv_lines(found: Intervals) -> Iterator[str]:
    """Yield the intervals as CSV with exact numbers; a number that is not known is empty."""
    names, fuels = list(found.totals.energies), list(found.totals.bills)
    money = [f"{fuel} {part}" for fuel in fuels for part in ("usage", "export", "standing")]
    cost = [*money, "cost", "currency"] if fuels else []
    units = [f"{name} {quantity(name).unit}".strip() for name in names]
    yield _line(["from", "to", *units, *cost, "marks"])
    for each in found.items:
        cells = [utc_text(each.since), utc_text(each.until)]
        cells += (_exact(each.energies[name].value) for name in names)
        for fuel in fuels:
            bill = each.bills[fuel]
            cells += map(_exact, (bill.usage, bill.export, bill.standing))
        if fuels:
            cells += [_exact(each.cost), found.currency]
        yield _line([*cells, " ".join(_all_marks(each))])


def _all_marks(each: Interval) -> list[str]:
    parts: Mapping[str, frozenset[Mark]] = {
        **{name: energy.marks for name, energy in each.energies.items()},
        **{str(fuel): bill.marks for fuel, bill in each.bills.items()},
    }
    return _sorted(mark for marks in parts.values() for mark in marks)


def _sorted(marks: Iterable[Mark]) -> list[str]:
    return sorted({str(mark) for mark in marks})


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _exact(value: Decimal | None) -> str:
    return "" if value is None else format(value, "f")


def _amount(value: Decimal | None, places: int) -> str:
    # Adding 0 makes a zero of what would be printed as -0.
    return _UNKNOWN if value is None else f"{round(value, places) + 0:,.{places}f}"
