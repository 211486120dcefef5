"""Tariffs laid out over time."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest

from mitmeter.store.contract import export_prices, standing_charge, usage_prices
from mitmeter.store.steps import Steps
from mitmeter.store.tariff import Listed, Rate, Tariff
from mitmeter.store.value import micros
from tests.store.energykit import at, every
from tests.store.storekit import LONDON

NIGHT = Rate(Decimal(1), time(23, 30), time(5))
PEAK = Rate(Decimal(3), time(16), time(19), days=frozenset(range(5)))
WINTER = Rate(Decimal(4), months=frozenset({12, 1, 2}))
REST = Rate(Decimal(2))


def tariff(*rates: Rate, since: date | None = None, until: date | None = None) -> Tariff:
    return Tariff("t", "GBP", rates=rates, since=since, until=until)


def price(tariffs: list[Tariff], when: datetime) -> Decimal | None:
    span = micros(when - timedelta(days=1)), micros(when + timedelta(days=1))
    return usage_prices(tariffs, LONDON, *span).at(micros(when))


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("2026-01-09T23:29:59", 2),
        ("2026-01-09T23:30", 1),
        ("2026-01-10T04:59:59", 1),
        ("2026-01-10T05:00", 2),
        # A Friday, and the Saturday after it.
        ("2026-01-09T16:00", 3),
        ("2026-01-09T19:00", 2),
        ("2026-01-10T17:00", 2),
        # In summer the clock is an hour ahead of UTC.
        ("2026-06-08T22:29", 2),
        ("2026-06-08T22:30", 1),
        ("2026-06-08T15:00", 3),
    ],
)
def test_the_first_rate_that_applies_by_the_local_clock_counts(when: str, wanted: int) -> None:
    assert price([tariff(NIGHT, PEAK, REST)], at(when)) == wanted


def test_a_window_over_midnight_belongs_to_the_day_it_began_on() -> None:
    friday_night = Rate(Decimal(1), time(22), time(6), days=frozenset({4}))
    agreed = [tariff(friday_night, REST)]
    assert price(agreed, at("2026-01-10T03:00")) == 1
    assert price(agreed, at("2026-01-09T03:00")) == 2


def test_months_tell_the_season() -> None:
    agreed = [tariff(WINTER, REST)]
    assert price(agreed, at("2026-02-28T23:59")) == 4
    assert price(agreed, at("2026-03-01T00:00")) == 2


def test_every_moment_of_a_clock_change_has_the_price_its_clock_shows() -> None:
    early = Rate(Decimal(1), time(1, 30), time(2))
    agreed = [tariff(early, REST)]
    for begin in ("2025-10-25T22:00", "2026-03-28T22:00"):
        for when in every(300, at(begin), at(begin) + timedelta(hours=8)):
            shown = when.astimezone(LONDON).time()
            assert price(agreed, when) == (1 if time(1, 30) <= shown < time(2) else 2), when


def test_of_two_tariffs_the_last_valid_one_counts() -> None:
    agreed = [tariff(REST), tariff(WINTER, since=date(2026, 1, 10), until=date(2026, 2, 1))]
    assert price(agreed, at("2026-01-09T23:59")) == 2
    assert price(agreed, at("2026-01-10T00:00")) == 4
    assert price(agreed, at("2026-02-01T00:00")) == 2


def test_where_no_rate_applies_there_is_no_price() -> None:
    agreed = [tariff(PEAK)]
    assert price(agreed, at("2026-01-09T12:00")) is None
    assert price([tariff(REST, since=date(2026, 2, 1))], at("2026-01-09T12:00")) is None


def test_listed_prices_come_before_rates_while_they_last() -> None:
    half_hours = tuple(
        Listed(when, when + timedelta(minutes=30), Decimal(number))
        for number, when in enumerate(every(1800, at("2026-01-10"), at("2026-01-10T02")))
    )
    agreed = [Tariff("agile", "GBP", rates=(Rate(Decimal(9)),), listed=half_hours)]
    found = [price(agreed, when) for when in every(1800, at("2026-01-10"), at("2026-01-10T03"))]
    assert found == [0, 1, 2, 3, 9, 9]
    assert price(agreed, at("2026-01-09T23:59")) == 9


def test_export_has_prices_of_its_own() -> None:
    agreed = [Tariff("t", "GBP", rates=(REST,), export_rates=(Rate(Decimal("0.15")),))]
    span = micros(at("2026-01-10")), micros(at("2026-01-11"))
    assert export_prices(agreed, LONDON, *span).at(span[0]) == Decimal("0.15")


def test_the_standing_charge_is_that_of_the_last_tariff_that_names_one() -> None:
    agreed = [
        Tariff("a", "GBP", standing=Decimal("0.3")),
        Tariff("b", "GBP", standing=Decimal("0.4"), since=date(2026, 1, 10)),
        Tariff("c", "GBP", rates=(REST,)),
    ]
    assert standing_charge(agreed, date(2026, 1, 9)) == Decimal("0.3")
    assert standing_charge(agreed, date(2026, 1, 10)) == Decimal("0.4")
    assert standing_charge(agreed[2:], date(2026, 1, 10)) is None


def test_a_price_that_does_not_change_is_no_change() -> None:
    found = usage_prices([tariff(REST)], LONDON, micros(at("2026-03-20")), micros(at("2026-04-10")))
    assert found.changes(micros(at("2026-03-20")), micros(at("2026-04-10"))) == []


def test_prices_lie_over_each_other() -> None:
    upper = Steps([(10, Decimal(1)), (20, None), (30, Decimal(3))])
    lower = Steps([(0, Decimal(7)), (25, Decimal(8)), (35, None)])
    both = upper.over(lower)
    assert [both.at(when) for when in (-1, 0, 10, 20, 25, 30, 35)] == [None, 7, 1, 7, 8, 3, 3]
    assert Steps().over(lower).at(0) == 7
    assert not Steps().over(Steps())
    assert upper.next(0) == 1
    assert upper.next(22) == 3
