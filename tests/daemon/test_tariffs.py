"""Configured tariffs as the store reckons with them."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mitmeter.config.load import examine
from mitmeter.daemon.tariffs import price_list, tariffs
from mitmeter.errors import ConfigError
from mitmeter.store.energy import Fuel
from tests.daemon.plans import LONDON


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def listed(*lines: str) -> list[tuple[datetime, datetime, Decimal]]:
    return [(each.since, each.until, each.price) for each in price_list(lines, LONDON)]


def test_a_configuration_becomes_tariffs(tmp_path: Path) -> None:
    (tmp_path / "agile.csv").write_text("from,price\n2026-01-10T00:00Z,0.1\n", "utf-8")
    text = """
        site.timezone = "Europe/London"
        [[tariff]]
        name = "agile"
        currency = "GBP"
        prices = "agile.csv"
        price = 0.25
        rates = [{ price = 0.079, from = "00:30", to = "05:00", months = ["jan"] }]
        source = "config"
        [[tariff]]
        name = "gas"
        currency = "GBP"
        fuel = "gas"
        price = 0.065
        standing = 0.29
    """
    config = examine(text, {}, tmp_path).config
    assert config is not None
    agile, gas = tariffs(config)
    assert [each.price for each in agile.rates] == [Decimal("0.079"), Decimal("0.25")]
    assert agile.rates[0].months == {1}
    assert (agile.ours, gas.ours) == (True, False)
    assert [each.price for each in agile.listed] == [Decimal("0.1")]
    assert (gas.fuel, gas.quantity, gas.standing) == (Fuel.GAS, "gas.energy", Decimal("0.29"))


def test_a_list_that_is_not_there_is_named_by_its_key(tmp_path: Path) -> None:
    text = '[[tariff]]\nname = "a"\ncurrency = "GBP"\nprices = "none.csv"'
    config = examine(text, {"TZ": "UTC"}, tmp_path).config
    assert config is not None
    with pytest.raises(ConfigError, match=r"tariff\[0\].prices: .*none.csv: No such file"):
        tariffs(config)


def test_a_price_is_valid_until_the_next_line_and_an_hour_at_most() -> None:
    assert listed(
        "2026-01-10T00:00Z,0.1",
        "2026-01-10T00:30Z,0.2",
        "",
        "2026-01-10T05:00Z,-0.05",
        "2026-01-10T05:30Z,0.3",
    ) == [
        (at("2026-01-10T00:00"), at("2026-01-10T00:30"), Decimal("0.1")),
        (at("2026-01-10T00:30"), at("2026-01-10T01:30"), Decimal("0.2")),
        (at("2026-01-10T05:00"), at("2026-01-10T05:30"), Decimal("-0.05")),
        (at("2026-01-10T05:30"), at("2026-01-10T06:00"), Decimal("0.3")),
    ]


def test_columns_are_found_by_their_names_in_any_order() -> None:
    assert listed(
        "value_inc_vat,valid_from,valid_to", "0.2,2026-01-10T00:00Z,2026-01-10T00:30Z"
    ) == [(at("2026-01-10T00:00"), at("2026-01-10T00:30"), Decimal("0.2"))]


def test_lines_may_come_newest_first() -> None:
    assert [each[2] for each in listed("2026-01-10T00:30Z,2", "2026-01-10T00:00Z,1")] == [1, 2]


def test_local_times_of_the_hour_that_comes_twice_follow_each_other() -> None:
    found = listed(
        "2025-10-26T00:30,1",
        "2025-10-26T01:00,2",
        "2025-10-26T01:30,3",
        "2025-10-26T01:00,4",
        "2025-10-26T01:30,5",
        "2025-10-26T02:00,6",
    )
    assert [each[0] for each in found] == [
        at(f"2025-10-2{when}")
        for when in ("5T23:30", "6T00:00", "6T00:30", "6T01:00", "6T01:30", "6T02:00")
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2026-01-10T00:00Z", "expected from,price"),
        ("yesterday,1", "'yesterday' is not a time like"),
        ("2026-01-10T00:00Z,cheap", "'cheap' is not a price like"),
        ("2026-01-10T00:00Z,NaN", "NaN is not the price of one kWh"),
        ("2026-01-10T00:00Z,2026-01-09T00:00Z,1", "is not after"),
    ],
)
def test_a_wrong_line_is_named(line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"tariff\\[0\\].prices: line 2: .*{said}"):
        price_list(["", line], LONDON, "tariff[0].prices")


def test_a_line_with_too_few_columns_is_named() -> None:
    with pytest.raises(ConfigError, match="line 2: 1 columns are too few"):
        price_list(["2026-01-10T00:00Z,1", "2026-01-10T00:30Z"], LONDON)
