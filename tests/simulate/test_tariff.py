"""Two rates by the local clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from mitmeter.simulate import House, Site, Tariff


def test_the_night_rate_is_valid_from_its_first_minute_up_to_its_last() -> None:
    tariff = Tariff(night=(30, 300))
    assert [tariff.is_low(minute) for minute in (29, 30, 299, 300)] == [False, True, True, False]


def test_a_night_may_pass_midnight() -> None:
    tariff = Tariff(night=(1380, 360))
    assert [tariff.is_low(minute) for minute in (1379, 1380, 0, 359, 360)] == [
        *(False, True, True, True, False)
    ]


def test_equal_ends_are_one_rate_for_ever() -> None:
    assert not any(Tariff(night=(60, 60)).is_low(minute) for minute in range(1440))


def test_the_price_changes_by_the_local_clock_also_in_summer() -> None:
    tariff = Tariff(day=Decimal("0.30"), night_rate=Decimal("0.10"), night=(30, 300))
    start = datetime(2025, 7, 10, tzinfo=UTC)
    house = House(3, start, Site(zone=ZoneInfo("Europe/London"), tariff=tariff))
    opens = start + timedelta(hours=23, minutes=30)  # 00:30 British Summer Time
    moments = [opens + timedelta(seconds=s) for s in (-1, 0, 16_199, 16_200)]
    shown = [house.state(at).price_import for at in moments]
    assert shown == [Decimal("0.30"), Decimal("0.10"), Decimal("0.10"), Decimal("0.30")]
    assert house.state(opens).price_standing == tariff.standing


def test_what_is_imported_at_night_is_counted_apart() -> None:
    start = datetime(2025, 12, 10, tzinfo=UTC)
    house = House(3, start, Site(tariff=Tariff(night=(30, 300))))
    at = [start + timedelta(days=3, minutes=minute) for minute in (0, 30, 300, 1440)]
    midnight, opens, closes, next_midnight = map(house.energy, at)
    assert opens.imported_low == midnight.imported_low
    night = closes.imported_low - opens.imported_low
    assert night > 0
    assert abs(night - (closes.imported - opens.imported)) < Decimal("1e-20")
    assert next_midnight.imported_low == closes.imported_low < next_midnight.imported
