"""`mitmeter devices`."""

from pathlib import Path

from tests.cli.program import mitmeter


def test_the_battery_is_listed_with_its_model_and_marked_as_simulated(recorded: Path) -> None:
    heading, row = mitmeter("devices", data=recorded).lines
    assert heading.split() == ["device", "model", "last", "heard", "readings", "clock"]
    assert row.startswith("alphaess:AL9900000000007  Storion-EXAMPLE-S5, Smile-BAT-10.1P")
    assert row.endswith("simulated")


def test_json_tells_when_a_device_was_heard_first_and_last_and_its_public_facts(
    recorded: Path,
) -> None:
    (told,) = mitmeter("devices", "--json", data=recorded).objects
    assert told["device"] == "alphaess:AL9900000000007"
    assert told["first_seen"].startswith("2026-06-15T09:00:")
    assert told["last_seen"].startswith("2026-06-15T10:")
    assert told["readings"] > 1000
    assert told["facts"]["model"] == "Storion-EXAMPLE-S5, Smile-BAT-10.1P"
    assert "configuration" not in told["facts"]
    assert abs(told["skew"]) < 5
