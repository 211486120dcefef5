"""The book: newest readings, silence, counters that are doubted."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from mitmeter.model import DeviceId, Fact, Reading
from mitmeter.sinks.mqtt_book import Book
from mitmeter.sinks.mqtt_memory import Memory, load, save, text_of
from mitmeter.store import Batch, Clock, Known, Moment
from tests.sinks.mqtt_kit import NOON
from tests.sinks.sinkkit import make_store

GLOW = DeviceId("glow", "02005EFFFE302010")


def said(
    quantity: str,
    value: str,
    seconds: float = 0.0,
    *,
    device: DeviceId = GLOW,
    **other: Any,
) -> Reading:
    at = NOON + timedelta(seconds=seconds)
    number = value.lstrip("-")[:1].isdigit() or value == "NaN"
    return Reading(device, quantity, Decimal(value) if number else value, at, at=at, **other)


def book(memory: Memory | None = None, expire: float = 300.0) -> Book:
    return Book(memory or Memory(), lambda _: True, expire)


def state(of: Book) -> dict[str, object]:
    return of.state(of.devices[GLOW])


def test_an_older_reading_does_not_replace_a_newer_one() -> None:
    made = book()
    assert made.take(said("grid.power", "5", 10)) is not None
    assert made.take(said("grid.power", "4", 9)) is None
    assert made.take(said("grid.power", "6", 11)) is not None
    assert state(made)["power_w"] == 6


def test_text_is_shown_as_far_as_home_assistant_takes_it() -> None:
    made = book()
    made.take(said("vendor.glow.electricity.payment", "x" * 300))
    assert state(made)["vendor_glow_electricity_payment"] == "x" * 255


def test_what_is_no_number_is_unknown() -> None:
    made = book()
    made.take(said("grid.power", "NaN"))
    assert state(made)["power_w"] is None


def test_a_device_is_stale_after_its_silence_and_its_powers_are_unknown_but_not_its_counters() -> (
    None
):
    made = book(expire=300)
    made.take(said("grid.power", "5"))
    made.take(said("grid.import", "7"))
    assert made.check(NOON + timedelta(seconds=300)) == []
    assert made.check(NOON + timedelta(seconds=301)) == [made.devices[GLOW]]
    shown = state(made)
    assert (shown["power_w"], shown["power_import_w"], shown["stale"]) == (None, None, True)
    assert shown["elec_import_kwh"] == 7
    made.take(said("grid.power", "6", 310))
    assert made.check(NOON + timedelta(seconds=311)) == [made.devices[GLOW]]
    assert (state(made)["power_w"], state(made)["stale"]) == (6, False)


def test_one_value_may_be_old_while_the_device_still_speaks() -> None:
    made = book(expire=300)
    made.take(said("grid.voltage.l1", "230"))
    for second in range(0, 400, 10):
        made.take(said("grid.power", "5", second))
    made.check(NOON + timedelta(seconds=400))
    shown = state(made)
    assert (shown["grid_voltage_l1_v"], shown["power_w"], shown["stale"]) == (None, 5, False)


def test_a_device_that_speaks_rarely_is_given_four_times_its_pause() -> None:
    made = book(expire=300)
    for quarter in range(5):
        made.take(said("grid.power", "5", 900 * quarter))
    last = NOON + timedelta(seconds=3600)
    assert made.check(last + timedelta(seconds=3599)) == []
    assert made.check(last + timedelta(seconds=3601)) == [made.devices[GLOW]]


def test_a_dip_is_held_and_told_once() -> None:
    made = book()
    for second, value in enumerate(["100.5", "100.4", "100.4", "100.6"]):
        made.take(said("grid.import", value, second))
    assert state(made)["elec_import_kwh"] == Decimal("100.6")
    assert [each.eventid for each in made.said] == ["mitmeter.counter.dipped"]
    assert "100.4 after 100.5 is a step back" in made.said[0].message
    assert made.said[0].fields["counter_of"] == "glow:02005EFFFE302010"


def test_a_changed_meter_is_told_and_runs_on_beside_its_register() -> None:
    made = book()
    for second, value in enumerate(["100", "8000", "8000.5"]):
        made.take(said("grid.import", value, second))
    shown = state(made)
    assert shown["elec_import_kwh"] == Decimal("8000.5")
    assert shown["elec_import_kwh_running"] == Decimal("100.5")
    assert [each.eventid for each in made.said] == [
        "mitmeter.counter.doubted",
        "mitmeter.counter.changed",
    ]


def test_a_change_of_the_meter_that_is_known_is_believed_at_once() -> None:
    made = book()
    made.take(said("grid.import", "4000"))
    made.take(said("grid.import", "3", 60))
    assert state(made)["elec_import_kwh"] == 4000
    assert made.confirm(GLOW) is made.devices[GLOW]
    assert state(made)["elec_import_kwh"] == 3
    assert made.confirm(DeviceId("glow", "other")) is None


def test_a_restart_forgets_neither_what_is_held_nor_what_is_doubted(tmp_path: Path) -> None:
    made = book()
    made.take(said("grid.import", "100.5"))
    made.take(said("gas.volume", "50"))
    made.take(said("grid.import", "100.4", 5))
    made.take(said("gas.volume", "9999", 5))
    save(tmp_path / "m.json", text_of(made.memory))
    after = book(load(tmp_path / "m.json"))
    with make_store(tmp_path / "store.db") as store:
        rows = [
            said("grid.import", "100.5"),
            said("gas.volume", "50"),
            said("grid.import", "100.4", 5),
            said("gas.volume", "9999", 5),
            # While we were away.
            said("grid.import", "100.45", 10),
        ]
        store.apply(Batch("", moments=[Moment([r], r.received, Clock.RECEIVED) for r in rows]))
        after.seed(store)
    assert (state(after)["elec_import_kwh"], state(after)["gas_m3"]) == (Decimal("100.5"), 50)
    assert after.said == []  # it was told before
    after.take(said("gas.volume", "9999.1", 20))
    assert state(after)["gas_m3"] == Decimal("9999.1")


def test_a_glitch_that_is_the_newest_when_we_start_is_not_believed_either(tmp_path: Path) -> None:
    made = book()
    made.take(said("grid.import", "100.5"))
    save(tmp_path / "m.json", text_of(made.memory))
    after = book(load(tmp_path / "m.json"))
    with make_store(tmp_path / "store.db") as store:
        rows = [said("grid.import", "100.5"), said("grid.import", "0", 60)]
        store.apply(Batch("", moments=[Moment([r], r.received, Clock.RECEIVED) for r in rows]))
        after.seed(store)
    assert state(after)["elec_import_kwh"] == Decimal("100.5")


def test_who_was_heard_first_has_the_first_name_and_keeps_it(tmp_path: Path) -> None:
    older, newer = DeviceId("glow", "Z9"), DeviceId("glow", "A1")
    memory = Memory()
    with make_store(tmp_path / "store.db") as store:
        for second, device in enumerate([older, newer]):
            row = said("grid.power", "1", second, device=device)
            store.apply(Batch("", moments=[Moment([row], row.received, Clock.RECEIVED)]))
        made = book(memory)
        made.seed(store)
    assert {device.serial: each.name for device, each in made.devices.items()} == {
        "Z9": "glow-1",
        "A1": "glow-2",
    }


def test_what_nobody_wants_is_not_taken() -> None:
    made = Book(Memory(), lambda each: each.quantity == "grid.power", 300.0)
    assert made.take(said("grid.import", "5")) is None
    assert made.devices == {}


def test_the_currency_a_device_tells_is_the_unit_of_its_prices(tmp_path: Path) -> None:
    made = book()
    with make_store(tmp_path / "store.db") as store:
        row = said("price.import", "0.26")
        moments = [Moment([row], row.received, Clock.RECEIVED)]
        facts = [Known(Fact(GLOW, "currency", "GBP"), row.received)]
        store.apply(Batch("", moments=moments, facts=facts))
        made.seed(store)
    assert made.devices[GLOW].entities["price.import"][0].unit == "GBP/kWh"
