"""The JSON Schema says of each key what the file may hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mitmeter.config.schema import schema


def key(table: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = schema()["$defs"][table]["properties"][name]
    return found


def test_the_schema_is_plain_json() -> None:
    assert json.loads(json.dumps(schema())) == schema()


def test_tables_take_nothing_unknown() -> None:
    tables = [schema(), *schema()["$defs"].values()]
    assert all(table["additionalProperties"] is False for table in tables)


def test_stations_are_called_station_as_in_the_file() -> None:
    assert "station" in schema()["properties"]
    assert "stations" not in schema()["properties"]


@pytest.mark.parametrize(
    ("table", "name", "type_", "default"),
    [
        ("Journal", "keep", "string", "forever"),
        ("Journal", "max_size", "string", "10GB"),
        ("Limits", "idle", "string", "10m"),
        ("Limits", "connections", "integer", 12000),
        ("Station", "control", "boolean", False),
    ],
)
def test_a_key_has_the_type_and_default_of_the_file(
    table: str, name: str, type_: str, default: object
) -> None:
    described = key(table, name)
    assert described["type"] == type_
    assert described["default"] == default
    assert described["description"]


def test_a_role_is_one_of_four() -> None:
    assert key("Station", "role")["enum"] == ["trap", "proxy", "emulate", "probe"]


def test_a_station_needs_name_role_and_protocol() -> None:
    assert schema()["$defs"]["Station"]["required"] == ["name", "role", "protocol"]
