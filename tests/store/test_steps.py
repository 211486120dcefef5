"""Prices that devices report, as they are valid over time."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from mitmeter.store import Store
from mitmeter.store.rolled import Rolled, open_series
from mitmeter.store.steps import told
from mitmeter.store.value import micros
from tests.store.energykit import CLAMP, DISPLAY, at, every, tell

BEGIN, END = at("2026-01-10"), at("2026-01-20")


def prices() -> list[tuple[datetime, Decimal]]:
    """Return ten days of prices each half hour: days with two rates, days with one, an outage."""
    found = []
    for when in every(1800, BEGIN + timedelta(seconds=7), END):
        if at("2026-01-14T10:00") < when < at("2026-01-16T03:00"):
            continue
        night = when.hour < 5 and when.day not in (11, 12, 17)
        found.append((when, Decimal("0.079") if night else Decimal("0.2628")))
    return found


@pytest.mark.parametrize("settled", [True, False])
def test_a_price_is_valid_until_the_next_one(tmp_path: Path, settled: bool) -> None:
    values = prices()
    with Store.open(tmp_path / "store.db") as store:
        tell(store, DISPLAY, "price.import", values, at_once=10_000)
        while settled and store.settle():
            pass
        with store.looking() as db:
            series = open_series(db, DISPLAY, "price.import")
            assert series is not None
            since, until = micros(at("2026-01-10T06:00")), micros(END)
            steps = told([series], since, until)
    for when in every(937, at("2026-01-10T06:00"), END):
        before = [price for told_at, price in values if told_at <= when]
        assert steps.at(micros(when)) == before[-1], when
    changes = [
        micros(right[0])
        for left, right in pairwise(values)
        if left[1] != right[1] and micros(right[0]) > since
    ]
    assert steps.changes(since, until) == changes


def test_of_two_devices_the_one_that_spoke_last_counts(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        tell(store, DISPLAY, "price.import", [(BEGIN, 1), (BEGIN + timedelta(hours=2), 3)])
        tell(store, CLAMP, "price.import", [(BEGIN + timedelta(hours=1), 2)])
        with store.looking() as db:
            series: list[Rolled] = [
                each
                for device in (DISPLAY, CLAMP)
                if (each := open_series(db, device, "price.import")) is not None
            ]
            steps = told(series, micros(BEGIN), micros(END))
    hours = [steps.at(micros(BEGIN + timedelta(hours=hour))) for hour in range(4)]
    assert hours == [1, 2, 3, 3]
