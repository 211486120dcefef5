"""The exposition passes the reference parser and says base units, few labels, no stale gauges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from mitmeter.model import DeviceId, Fact, Reading
from mitmeter.sinks.prometheus import Vitals, metrics_text, short_labels
from mitmeter.sinks.status import SinkStatus, State
from mitmeter.store import Batch, Clock, Known, Moment, Store
from tests.sinks.sinkkit import NOON

GLOW, SECOND = DeviceId("glow", "70B3D5A1B2C3"), DeviceId("glow", "70B3D5A1B2C4")
VALUES = {
    "grid.power": "-512.5",
    "grid.import": "12345.678",
    "battery.soc": "93.6",
    "gas.volume": "5655.830",
    "grid.voltage.l1": "230.1",
    "inverter.temperature": "41",
    "clock.skew": "-0.8",
    "radio.lqi": "200",
    "price.import": "0.2628",
    "vendor.glow.Whatever": "7",
}

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db") as made:
        put(made, GLOW, 0, VALUES)
        made.apply(Batch("", facts=[Known(Fact(GLOW, "model", 'Glow "IHD"\\\n'), NOON)]))
        yield made


def put(store: Store, device: DeviceId, seconds: float, values: dict[str, str]) -> None:
    at = NOON + timedelta(seconds=seconds)
    readings = [Reading(device, name, Decimal(value), at) for name, value in values.items()]
    state = Reading(device, "vendor.glow.mode", "idle", at)
    store.apply(Batch("", moments=[Moment([*readings, state], at, Clock.RECEIVED)]))


def families(text: str) -> list[Any]:
    parse: Any = text_string_to_metric_families
    return list(parse(text))


def samples(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): float(sample.value)
        for family in families(text)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def exposition(store: Store, sinks: Sequence[SinkStatus] = (), **vitals: object) -> str:
    now = NOON + timedelta(minutes=1)
    return metrics_text(store, now, sinks=sinks, vitals=Vitals(**vitals))  # type: ignore[arg-type]


def test_values_are_in_base_units(store: Store) -> None:
    found = samples(exposition(store))

    def of(name: str, quantity: str) -> float:
        return value(found, name, device="glow-1", quantity=quantity)

    assert of("mitmeter_power_watts", "grid.power") == -512.5
    assert of("mitmeter_energy_joules_total", "grid.import") == 44_444_440_800
    assert of("mitmeter_charge_ratio", "battery.soc") == 0.936
    assert of("mitmeter_gas_cubic_meters_total", "gas.volume") == 5655.83
    assert of("mitmeter_voltage_volts", "grid.voltage.l1") == 230.1
    assert of("mitmeter_temperature_celsius", "inverter.temperature") == 41
    assert of("mitmeter_clock_skew_seconds", "clock.skew") == -0.8
    assert of("mitmeter_radio_link_quality", "radio.lqi") == 200
    assert of("mitmeter_price_per_kilowatt_hour", "price.import") == 0.2628
    # 2025-06-01T12:00:00Z
    assert value(found, "mitmeter_reading_timestamp_seconds", device="glow-1") == 1_748_779_200


def test_counters_and_gauges_are_what_they_are(store: Store) -> None:
    kinds = {each.name: each.type for each in families(exposition(store))}
    assert kinds["mitmeter_energy_joules"] == "counter"
    assert kinds["mitmeter_gas_cubic_meters"] == "counter"
    assert kinds["mitmeter_power_watts"] == "gauge"
    assert kinds["mitmeter_device"] == "info"


def test_serial_numbers_stand_in_the_info_metric_only(store: Store) -> None:
    text = exposition(store)
    lines = [line for line in text.splitlines() if "70B3D5A1B2C3" in line]
    assert len(lines) == 1
    assert lines[0].startswith("mitmeter_device_info{")
    found = samples(text)
    (labels,) = [dict(labels) for name, labels in found if name == "mitmeter_device_info"]
    assert labels == {
        "device": "glow-1",
        "protocol": "glow",
        "serial": "70B3D5A1B2C3",
        "model": 'Glow "IHD"\\\n',
    }


def test_vendors_fields_and_states_make_no_labels(store: Store) -> None:
    assert "vendor" not in exposition(store)


def test_a_gauge_of_a_device_gone_quiet_is_left_out_and_its_counter_stays(store: Store) -> None:
    put(store, SECOND, -3600, {"grid.power": "1", "grid.import": "2"})
    names = {name for name, labels in samples(exposition(store)) if ("device", "glow-1") in labels}
    assert names >= {"mitmeter_energy_joules_total", "mitmeter_reading_timestamp_seconds"}
    # Heard an hour before the other, it is the first glow.
    assert "mitmeter_power_watts" not in names


def test_labels_follow_the_order_in_which_devices_were_heard(store: Store) -> None:
    put(store, SECOND, 60, {"grid.power": "1"})
    assert short_labels(store.devices()) == {GLOW: "glow-1", SECOND: "glow-2"}


def test_sinks_and_vitals_are_there(store: Store) -> None:
    sink = SinkStatus("db", "influx", State.WAITING, "down", NOON, 12, 3.5, 100, 1, 2, 2)
    found = samples(
        exposition(
            store,
            [sink],
            version="1.2",
            journal_bytes=5,
            store_bytes=6,
            faults=1,
            messages={("meter", "decoded"): 9, ("meter", "undecodable"): 1},
            conversations={"meter": 2},
        )
    )
    assert value(found, "mitmeter_sink_up", sink="db") == 0
    assert value(found, "mitmeter_sink_behind_rows", sink="db") == 12
    assert value(found, "mitmeter_sink_lag_seconds", sink="db") == 3.5
    assert value(found, "mitmeter_sink_rows_total", sink="db") == 100
    assert value(found, "mitmeter_sink_dead_rows", sink="db") == 2
    assert value(found, "mitmeter_messages_total", station="meter", result="undecodable") == 1
    assert value(found, "mitmeter_conversations", station="meter") == 2
    assert value(found, "mitmeter_journal_bytes") == 5
    assert value(found, "mitmeter_faults_total") == 1
    assert value(found, "mitmeter_build_info", version="1.2") == 1


def test_an_empty_store_is_a_valid_exposition(tmp_path: Path) -> None:
    with Store.open(tmp_path / "empty.db") as empty:
        assert exposition(empty).endswith("# EOF\n")
        samples(exposition(empty))
