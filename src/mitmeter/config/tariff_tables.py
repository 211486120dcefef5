"""The `[[tariff]]` tables: what energy costs, where no device says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from mitmeter.config.section import File, Name, Section
from mitmeter.config.suggest import hint

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_MIDNIGHT = time()
_MOST = 1_000


def _price(value: object) -> object:
    """Return a number as it is written in the file: 0.0790 is no float's neighbour of it."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError(f"expected a price such as 0.2628, got {value!r}")
    try:
        price = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a price such as 0.2628") from None
    if not price.is_finite() or abs(price) > _MOST:
        raise ValueError(f"{value} is not the price of one kWh in pounds, euros or the like")
    return price


def _currency(value: object) -> object:
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha():
        return value.upper()
    raise ValueError(f'{value!r} is not a currency code such as "GBP" or "EUR"')


def _clock(value: object) -> object:
    if isinstance(value, time) and value.tzinfo is None:
        return value
    if value == "24:00":
        return _MIDNIGHT
    try:
        found = time.fromisoformat(value) if isinstance(value, str) and ":" in value else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or found.microsecond:
        raise ValueError(f'{value!r} is not a time of day such as "00:30"')
    return found


def _date(value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f'{value!r} is not a date such as "2026-04-01"') from None


def _names(words: Sequence[str], what: str) -> Callable[[object], object]:
    """Return a validator of names and spans of names: "sat", "mon-fri", ["oct-mar", "jul"]."""

    def read(value: object) -> object:
        if isinstance(value, frozenset):
            return value
        found: set[int] = set()
        for each in value if isinstance(value, tuple | list) else (value,):
            if not isinstance(each, str):
                raise ValueError(f'expected {what} such as "{words[0]}-{words[4]}", got {each!r}')
            first, _, last = each.lower().partition("-")
            places = [_place(name[:3], words, what) for name in (first, last or first)]
            count = (places[1] - places[0]) % len(words) + 1
            found |= {(places[0] + step) % len(words) for step in range(count)}
        if not found:
            raise ValueError(f"names no {what}")
        return frozenset(found)

    return read


def _place(name: str, words: Sequence[str], what: str) -> int:
    if name not in words:
        raise ValueError(f"{name!r} is none of the {what}; {hint(name, words)}")
    return words.index(name)


def _spelled(words: Sequence[str]) -> PlainSerializer:
    def spell(found: frozenset[int]) -> list[str]:
        return [words[place] for place in sorted(found)]

    return PlainSerializer(spell, return_type=list[str])


def _text(value: object) -> str:
    return str(value)


def _schema(*examples: Any, kind: str = "string") -> WithJsonSchema:
    return WithJsonSchema({"type": kind, "examples": list(examples)})


Price = Annotated[
    Decimal,
    BeforeValidator(_price),
    PlainSerializer(float, return_type=float),
    _schema(0.2628, kind="number"),
]
Currency = Annotated[str, BeforeValidator(_currency)]
TimeOfDay = Annotated[
    time,
    BeforeValidator(_clock),
    PlainSerializer(lambda at: at.isoformat("minutes"), return_type=str),
    _schema("00:30"),
]
Day = Annotated[
    date, BeforeValidator(_date), PlainSerializer(_text, return_type=str), _schema("2026-04-01")
]
_LIST = WithJsonSchema({"type": ["array", "string"], "items": {"type": "string"}})
Weekdays = Annotated[frozenset[int], BeforeValidator(_names(DAYS, "days")), _spelled(DAYS), _LIST]
Months = Annotated[
    frozenset[int], BeforeValidator(_names(MONTHS, "months")), _spelled(MONTHS), _LIST
]


class Rate(Section):
    """A price and when it applies, by the site's clock. Of several rates the first counts."""

    price: Price = Field(description="Per kWh (or m³).", examples=[0.079])
    start: TimeOfDay = Field(
        _MIDNIGHT, alias="from", description="From this time of day on.", examples=["00:30"]
    )
    end: TimeOfDay = Field(
        _MIDNIGHT,
        alias="to",
        description="Up to this time; one before `from` is on the next day.",
        examples=["05:00"],
    )
    days: Weekdays = Field(
        frozenset(range(7)), description="On these days of the week.", examples=[["mon-fri"]]
    )
    months: Months = Field(
        frozenset(range(12)), description="In these months.", examples=[["oct-mar"]]
    )


class Tariff(Section):
    """What energy costs. Of several tariffs that are valid at a time the last one counts."""

    name: Name = Field(description="Name of this tariff.", examples=["day-night"])
    currency: Currency = Field(description="Currency of all its prices.", examples=["GBP"])
    fuel: Literal["electricity", "gas"] = Field("electricity", description="What it is for.")
    quantity: Literal["grid.import", "gas.energy", "gas.volume"] | None = Field(
        None,
        description="What is charged for: grid.import, gas.energy (kWh) or gas.volume (m³); for "
        "gas it is gas.energy unless given.",
        examples=["grid.import"],
    )
    standing: Price | None = Field(None, description="Standing charge, per day.", examples=[0.2962])
    price: Price | None = Field(
        None, description="The price where no rate applies.", examples=[0.2628]
    )
    rates: tuple[Rate, ...] = Field(
        (),
        description="Prices by time of day, weekday and month; the first that applies counts.",
        examples=[
            [
                {"price": 0.079, "from": "00:30", "to": "05:00"},
                {"price": 0.31, "from": "16:00", "to": "19:00", "days": ["mon-fri"]},
                {"price": 0.2628},
            ]
        ],
    )
    prices: File | None = Field(
        None,
        description="CSV file of prices by date and time, `from,price` or `from,to,price`; they "
        "count before the rates.",
        examples=["agile.csv"],
    )
    export: Price | None = Field(
        None, description="What a kWh given to the grid earns.", examples=[0.15]
    )
    export_rates: tuple[Rate, ...] = Field(
        (),
        description="The same by time of day, weekday and month.",
        examples=[[{"price": 0.2, "from": "16:00", "to": "19:00"}]],
    )
    export_prices: File | None = Field(
        None, description="The same in a CSV file.", examples=["outgoing.csv"]
    )
    since: Day | None = Field(
        None, description="First day on which it is valid.", examples=["2026-04-01"]
    )
    until: Day | None = Field(
        None, description="First day on which it is no longer.", examples=["2027-04-01"]
    )
    source: Literal["device", "config"] = Field(
        "device",
        description="Whose prices count where a device reports some too: its, or these.",
    )

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        says = self.model_fields_set & {
            "standing",
            "price",
            "rates",
            "prices",
            "export",
            "export_rates",
            "export_prices",
        }
        if not says:
            raise ValueError("names no price: write `price`, `rates` or `prices`")
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise ValueError(f"until {self.until} is not after since {self.since}")
        if self.quantity is not None and self.quantity.startswith("gas.") != (self.fuel == "gas"):
            raise ValueError(f"quantity {self.quantity} is not {self.fuel}")
        if self.fuel == "gas" and says & {"export", "export_rates", "export_prices"}:
            raise ValueError("nobody is paid for gas: take the export prices out")
        return self

    def rooted(self, folder: Path) -> Tariff:
        """Return it with its files taken from a folder."""
        found = {
            key: folder / path.expanduser()
            for key, path in (("prices", self.prices), ("export_prices", self.export_prices))
            if path is not None
        }
        return self.model_copy(update=found)
