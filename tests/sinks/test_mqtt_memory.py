"""What the MQTT sink remembers, written and read back."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mitmeter.errors import SinkError
from mitmeter.model import DeviceId
from mitmeter.sinks.homeassistant_guard import Counter
from mitmeter.sinks.mqtt_memory import Memory, Remembered, load, save, text_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
GLOW = DeviceId("glow", "02005EFFFE302010")


def test_nothing_is_remembered_where_there_is_no_file(tmp_path: Path) -> None:
    assert load(tmp_path / "none.json") == Memory()


def test_what_is_written_is_read_back_equal(tmp_path: Path) -> None:
    memory = Memory(
        "mitmeter/home",
        "homeassistant",
        {
            GLOW: Remembered(
                "glow-1",
                {
                    "grid.import": Counter(
                        Decimal("12345.6780"),
                        NOON,
                        Decimal("-0.5"),
                        Decimal("12345.6"),
                        NOON,
                        dipped=True,
                    ),
                    "gas.volume": Counter(Decimal(5), NOON),
                },
                {"grid.power": 10.5},
                {"power": "sensor"},
                {"charge_minutes": 90.0, "charge_from_grid": "ON"},
            )
        },
    )
    path = tmp_path / "sinks" / "mqtt.json"
    save(path, text_of(memory))
    assert load(path) == memory
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["mqtt.json"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "mqtt.json: Expecting"),
        ("{}", "is damaged"),
        ('{"version": 2, "root": "", "discovery": "", "devices": {}}', "by a newer mitmeter"),
        ('{"version": 1, "root": "", "discovery": "", "devices": {"x": {}}}', "is damaged"),
        (
            '{"version": 1, "root": "", "discovery": "", "devices": {"glow:1": {"name": "a",'
            ' "counters": {"grid.import": {"value": "many", "at": "2026-01-01T00:00:00+00:00"}},'
            ' "paces": {}, "components": {}, "settings": {}}}}',
            "is damaged",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mqtt.json"
    path.write_text(text)
    with pytest.raises(SinkError, match=words):
        load(path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match="File exists"):
        save(tmp_path / "file" / "mqtt.json", "{}")


def test_names_are_numbered_and_never_given_twice() -> None:
    memory = Memory()
    names = [memory.of(DeviceId("glow", serial)).name for serial in ("A", "B", "A")]
    assert names == ["glow-1", "glow-2", "glow-1"]
    del memory.devices[DeviceId("glow", "A")]
    assert memory.of(DeviceId("glow", "C")).name == "glow-1"
    assert memory.of(DeviceId("smgw", "C")).name == "smgw-1"
