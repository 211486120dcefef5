"""Which of several devices speaks for what flows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from mitmeter.dashboard.flow import flow, gas_per_hour
from mitmeter.model import DeviceId, Reading

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
BATTERY, DISPLAY, METER = (
    DeviceId("alphaess", "AL9900000000007"),
    DeviceId("glow", "02005EFFFE302010"),
    DeviceId("kamstrup", "77000001"),
)
PATIENCE = {BATTERY: timedelta(minutes=1), DISPLAY: timedelta(minutes=1)}


def reading(device: DeviceId, quantity: str, value: str, seconds_ago: float) -> Reading:
    at = NOW - timedelta(seconds=seconds_ago)
    return Reading(device, quantity, Decimal(value), at, at=at)


def test_who_knows_most_speaks_though_another_spoke_later() -> None:
    found = flow(
        [
            reading(BATTERY, "grid.power", "100", 9),
            reading(BATTERY, "pv.power", "900", 9),
            reading(DISPLAY, "grid.power", "110", 1),
        ],
        PATIENCE,
        NOW,
    )
    assert found.parts["grid_w"].value == Decimal(100)
    assert found.parts["grid_w"].device == BATTERY
    assert "house_w" not in found.parts
    assert not found.stale
    assert found.at == NOW - timedelta(seconds=9)


def test_who_has_fallen_silent_is_not_heard_before_who_speaks() -> None:
    found = flow(
        [
            reading(BATTERY, "grid.power", "100", 120),
            reading(BATTERY, "pv.power", "900", 120),
            reading(DISPLAY, "grid.power", "110", 30),
        ],
        PATIENCE,
        NOW,
    )
    assert found.parts["grid_w"].device == DISPLAY
    assert found.parts["pv_w"].device == BATTERY
    assert found.stale


def test_of_silent_ones_the_last_to_speak_is_heard() -> None:
    found = flow(
        [reading(BATTERY, "grid.power", "1", 999), reading(METER, "grid.power", "2", 888)],
        PATIENCE,
        NOW,
    )
    assert found.parts["grid_w"].device == METER
    assert found.stale


def test_nothing_flows_where_nothing_is_known() -> None:
    found = flow([reading(BATTERY, "grid.power", "NaN", 1)], PATIENCE, NOW)
    assert (dict(found.parts), found.at, found.stale) == ({}, None, False)


def test_gas_is_the_step_between_the_last_two_counts() -> None:
    counts = [
        reading(DISPLAY, "gas.volume", "100.0", 3600),
        reading(DISPLAY, "gas.volume", "100.5", 1800),
        reading(DISPLAY, "gas.volume", "101.1", 0),
    ]
    assert gas_per_hour(counts, NOW) == (Decimal("1.2"), DISPLAY)
    assert gas_per_hour(counts[:1], NOW) is None
    assert gas_per_hour(counts, NOW + timedelta(hours=3)) is None
    assert gas_per_hour(list(reversed(counts)), NOW) is None
