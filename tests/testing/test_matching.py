"""A stated message is a part of the decoded one; the first difference is told in words."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from mitmeter.model import DeviceId, Reading
from mitmeter.protocol import Decoded, Undecodable
from mitmeter.testing.matching import difference, item_difference, readings_difference
from mitmeter.testing.vectors import ExpectedReading, ExpectedUndecodable

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
LOCAL_NOON = datetime.fromisoformat("2025-06-01T12:00:00")
SOC = Reading(DeviceId("toy", "1"), "battery.soc", Decimal("72.40"), NOON, LOCAL_NOON)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": Decimal("1.5")}, {"a": "1.50"}),
        ({"members": {"SOC": "72.4"}}, {"members": {"SN": "AL", "SOC": "72.4"}}),
        ({"members": {"Generator": ["1", "0"]}}, {"members": {"Generator": ["1", "0"]}}),
        ({"rows": [["1", "2"]]}, {"rows": [["1", "2"]]}),
        ({"on": False}, {"on": False}),
    ],
)
def test_what_is_stated_matches(expected: object, actual: object) -> None:
    assert difference(expected, actual, "message") == ""


@pytest.mark.parametrize(
    ("expected", "actual", "found"),
    [
        ({"a": 1}, {"b": 1}, "message.a: expected 1, there is none"),
        ({"a": "1"}, {"a": "2"}, "message.a: expected '1', got '2'"),
        ({"a": "1"}, {"a": 1}, "message.a: expected '1', got 1"),
        ({"a": 0}, {"a": False}, "message.a: expected 0, got False"),
        ({"a": [1]}, {"a": [1, 2]}, "message.a: expected 1 entries, got 2"),
        ({"a": [1, 3]}, {"a": [1, 2]}, "message.a[1]: expected 3, got 2"),
        ({"a": [1]}, {"a": "1"}, "message.a: expected a list, got '1'"),
        ({"m": {"SOC": "1"}}, {"m": {"SOC": "2"}}, "message.m.SOC: expected '1', got '2'"),
        ({"m": {"SOC": "1"}}, {"m": {"SN": "2"}}, "message.m.SOC: expected '1', there is none"),
        ({"m": {"SOC": "1"}}, {"m": ["SOC"]}, "message.m: expected a table, got ['SOC']"),
        ({"a": Decimal(1)}, {"a": "one"}, "message.a: expected Decimal('1'), got 'one'"),
    ],
)
def test_the_first_difference_is_told(expected: object, actual: object, found: str) -> None:
    assert difference(expected, actual, "message") == found


def test_an_undecodable_item_matches_a_part_of_its_reason() -> None:
    expected = ExpectedUndecodable("crc")
    assert item_difference(expected, Undecodable(b"", "crc 1, expected 2")) == ""
    assert item_difference(expected, Undecodable(b"", "noise"))
    assert item_difference(expected, Decoded(b"", LOCAL_NOON))


@pytest.mark.parametrize(
    ("value", "reported"),
    [(Decimal("72.4"), None), (Decimal("72.4"), LOCAL_NOON), ("72.40", None)],
)
def test_a_reading_is_found_by_quantity_value_and_time(
    value: Decimal | str, reported: datetime | None
) -> None:
    assert readings_difference([ExpectedReading("battery.soc", value, reported)], [SOC]) == ""


@pytest.mark.parametrize(
    "expected",
    [
        ExpectedReading("battery.soc", Decimal("72.5")),
        ExpectedReading("battery.power", Decimal("72.4")),
        ExpectedReading(
            "battery.soc", Decimal("72.4"), datetime.fromisoformat("2025-06-01T12:00:01")
        ),
        ExpectedReading("battery.soc", "72.41"),
    ],
)
def test_a_reading_that_is_not_there_is_told(expected: ExpectedReading) -> None:
    assert expected.quantity in readings_difference([expected], [SOC])


def test_an_empty_list_means_that_there_is_no_reading() -> None:
    assert readings_difference([], []) == ""
    assert "expected no reading" in readings_difference([], [SOC])


def test_nothing_stated_matches_any_readings() -> None:
    assert readings_difference(None, [SOC]) == ""
