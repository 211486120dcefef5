from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from mitmeter.config.load import examine
from mitmeter.config.tariff_tables import Tariff

WHOLE = """
[[tariff]]
name = "day-night"
currency = "gbp"
standing = 0.2962
rates = [
    { price = 0.0790, from = "00:30", to = "05:00" },
    { price = 0.3, from = 16:00:00, to = "24:00", days = ["mon-fri"], months = ["oct-mar", "jul"] },
    { price = 0.2628 },
]
export = 0.15
since = 2026-04-01
until = "2027-04-01"
source = "config"
"""
START = '[[tariff]]\nname = "t"\ncurrency = "GBP"\n'


def tariff(text: str) -> Tariff:
    examined = examine(text, {"TZ": "UTC"})
    assert examined.config is not None, examined.errors
    return examined.config.tariffs[0]


def problem(text: str) -> tuple[str, str]:
    (error,) = examine(text, {"TZ": "UTC"}).errors
    return error.key, error.problem


def test_a_tariff_is_read_as_it_is_written() -> None:
    found = tariff(WHOLE)
    assert (found.currency, found.standing, found.export) == (
        "GBP",
        Decimal("0.2962"),
        Decimal("0.15"),
    )
    assert (found.since, found.until) == (date(2026, 4, 1), date(2027, 4, 1))
    night, peak, rest = found.rates
    assert (str(night.price), night.start, night.end) == ("0.079", time(0, 30), time(5))
    assert (peak.start, peak.end) == (time(16), time(0))
    assert peak.days == {0, 1, 2, 3, 4}
    assert peak.months == {9, 10, 11, 0, 1, 2, 6}
    assert (len(rest.days), len(rest.months)) == (7, 12)


def test_a_span_of_days_may_go_over_the_end_of_the_week() -> None:
    found = tariff(START + 'rates = [{ price = 1, days = "fri-mon" }]')
    assert found.rates[0].days == {4, 5, 6, 0}


@pytest.mark.parametrize(
    ("line", "key", "said"),
    [
        ("", "tariff[0]", "names no price"),
        ("price = true", "tariff[0].price", "expected a price such as 0.2628"),
        ('price = "cheap"', "tariff[0].price", "'cheap' is not a price"),
        ("price = inf", "tariff[0].price", "is not the price of one kWh"),
        ("price = 26280.0", "tariff[0].price", "is not the price of one kWh"),
        ("prise = 1", "tariff[0].prise", "did you mean 'price'?"),
        ("rates = [{ prise = 1 }]", "tariff[0].rates[0].prise", "did you mean 'price'?"),
        ("rates = [{ from = '1:00' }]", "tariff[0].rates[0].price", "is required"),
        ("rates = [{ price = 1, to = '25:00' }]", "tariff[0].rates[0].to", "not a time of day"),
        ("rates = [{ price = 1, to = '08' }]", "tariff[0].rates[0].to", "not a time of day"),
        (
            "rates = [{ price = 1, days = ['mo'] }]",
            "tariff[0].rates[0].days",
            "did you mean 'mon'?",
        ),
        ("rates = [{ price = 1, days = [] }]", "tariff[0].rates[0].days", "names no days"),
        ("rates = [{ price = 1, months = [1] }]", "tariff[0].rates[0].months", "got 1"),
        ("price = 1\nsince = 'May'", "tariff[0].since", "'May' is not a date"),
        (
            "price = 1\nsince = 2026-05-01\nuntil = 2026-05-01",
            "tariff[0]",
            "until 2026-05-01 is not after since 2026-05-01",
        ),
        ("price = 1\nquantity = 'gas.volume'", "tariff[0]", "gas.volume is not electricity"),
        ("price = 1\nfuel = 'gas'\nexport = 1", "tariff[0]", "nobody is paid for gas"),
        ("price = 1\nfuel = 'oil'", "tariff[0].fuel", "'oil' is not one of electricity, gas"),
        ("price = 1\nsource = 'me'", "tariff[0].source", "is not one of device, config"),
    ],
)
def test_a_wrong_key_is_named_with_what_is_wrong(line: str, key: str, said: str) -> None:
    found = [(each.key, each.problem) for each in examine(START + line, {"TZ": "UTC"}).errors]
    assert any(name == key and said in words for name, words in found), found


def test_a_currency_is_a_code_of_three_letters() -> None:
    key, said = problem('[[tariff]]\nname = "t"\ncurrency = "£"\nprice = 1')
    assert key == "tariff[0].currency"
    assert 'is not a currency code such as "GBP"' in said


def test_price_lists_lie_beside_the_configuration(tmp_path: Path) -> None:
    examined = examine(START + 'prices = "agile.csv"', {"TZ": "UTC"}, tmp_path)
    assert examined.config is not None
    assert examined.config.tariffs[0].prices == tmp_path / "agile.csv"
