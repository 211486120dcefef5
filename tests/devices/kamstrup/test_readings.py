"""Messages of a meter become readings, facts and events."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from mitmeter.devices.kamstrup.messages import (
    CutOffReply,
    EventStatusReply,
    GetRegister,
    GetSerialNo,
    Login,
    LoginReply,
    Message,
    OtherRequest,
    PutRegister,
    RegisterReply,
    RegisterValue,
    SerialReply,
    SetClock,
    SetCutOffState,
    TypeReply,
)
from mitmeter.devices.kamstrup.readings import KamstrupProjection, projection_with
from mitmeter.errors import ConfigError
from mitmeter.model import DeviceId, Event, Fact, Reading, Secret, Severity, Side
from tests.devices.kamstrup.kamstrup_meters import plain

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
METER = DeviceId("kamstrup", "10203040")


class Heard:
    """A projection, and everything it said, by kind."""

    def __init__(self, options: dict[str, str] | None = None) -> None:
        self._projection = KamstrupProjection(options)
        self.said: list[Reading | Event | Fact] = []

    def device(self, *messages: Message) -> Heard:
        for message in messages:
            self.said += self._projection.project(Side.DEVICE, message, NOON)
        return self

    def reader(self, *messages: Message) -> Heard:
        for message in messages:
            self.said += self._projection.project(Side.HEADEND, message, NOON)
        return self

    @property
    def readings(self) -> dict[str, Decimal | str]:
        return {each.quantity: each.value for each in self.said if isinstance(each, Reading)}

    @property
    def facts(self) -> dict[str, str]:
        return {each.name: each.value for each in self.said if isinstance(each, Fact)}

    @property
    def events(self) -> list[Event]:
        return [each for each in self.said if isinstance(each, Event)]

    @property
    def devices(self) -> list[str]:
        found = (each.device for each in self.said if isinstance(each, Reading))
        return list(dict.fromkeys(map(str, found)))


def registers(*values: RegisterValue) -> RegisterReply:
    return RegisterReply(0x3F, values)


def kilowatts(id: int, watts: int) -> RegisterValue:
    return plain(id, watts, unit=22, sigexp=0x43)


SERIAL = SerialReply(0x3F, 10203040)


# --- energies ---


def test_import_and_export_come_from_the_high_resolution_registers() -> None:
    heard = Heard().device(
        SERIAL,
        registers(
            plain(1, 71_832, unit=2, sigexp=0x41),
            plain(13, 71_832_712, unit=2, sigexp=0x44),
            plain(14, 5, unit=2, sigexp=0x44),
        ),
    )
    assert heard.readings == {
        "vendor.kamstrup.a14": Decimal("7183.2"),
        "grid.import": Decimal("7183.2712"),
        "grid.export": Decimal("0.0005"),
    }


def test_a_reader_of_the_coarse_registers_can_say_so() -> None:
    heard = Heard({"resolution": "coarse"}).device(
        SERIAL,
        registers(
            plain(1, 71_832, unit=2, sigexp=0x41),
            plain(13, 71_832_712, unit=2, sigexp=0x44),
        ),
    )
    assert heard.readings == {
        "grid.import": Decimal("7183.2"),
        "vendor.kamstrup.a14_fine": Decimal("7183.2712"),
    }


def test_what_is_transmitted_counts_not_what_the_profile_says() -> None:
    heard = Heard().device(SERIAL, registers(plain(13, 7_183_300, unit=1)))
    assert heard.readings == {"grid.import": Decimal("7183.3")}


def test_heat_in_megawatt_hours_is_exact_and_in_gigajoules_to_a_milliwatt_hour() -> None:
    exact = Heard().device(SERIAL, registers(plain(60, 12_345, unit=3, sigexp=0x43)))
    assert exact.readings == {"heat.energy": Decimal("12345")}
    joules = Heard().device(SERIAL, registers(plain(60, 1, unit=8)))
    assert joules.readings == {"heat.energy": Decimal("277.777778")}


def test_an_energy_register_that_holds_no_energy_stays_a_vendor_value() -> None:
    heard = Heard().device(SERIAL, registers(plain(13, 5, unit=33)))
    assert heard.readings == {"vendor.kamstrup.a14_fine": Decimal(5)}


# --- powers ---


def test_power_is_import_minus_export_in_watts() -> None:
    heard = Heard().device(SERIAL, registers(kilowatts(1023, 0), kilowatts(1024, 1_250)))
    assert heard.readings["grid.power"] == Decimal(-1250)
    assert heard.readings["vendor.kamstrup.p23"] == Decimal(1250)


def test_import_alone_is_the_power_while_there_is_some() -> None:
    heard = Heard().device(SERIAL, registers(kilowatts(1023, 400)))
    assert heard.readings["grid.power"] == Decimal(400)


def test_no_import_alone_says_nothing_of_the_power() -> None:
    heard = Heard().device(SERIAL, registers(kilowatts(1023, 0)))
    assert "grid.power" not in heard.readings


def test_export_alone_is_negative_power() -> None:
    heard = Heard().device(SERIAL, registers(kilowatts(1024, 400)))
    assert heard.readings["grid.power"] == Decimal(-400)


def test_a_meter_without_an_export_register_imports_nothing_when_it_says_so() -> None:
    heard = Heard().reader(GetRegister(0x3F, (1023, 1024)))
    heard.device(SERIAL, registers(kilowatts(1023, 0)))
    assert heard.readings["grid.power"] == 0


PHASES = GetRegister(0x3F, (1023, 1024, 1080, 1344))


def test_a_phase_without_import_has_no_power_while_the_house_exports() -> None:
    heard = Heard().reader(PHASES)
    heard.device(SERIAL, registers(kilowatts(1023, 0), kilowatts(1024, 900), kilowatts(1080, 0)))
    assert "grid.power.l1" not in heard.readings


def test_a_phase_without_import_draws_nothing_while_the_house_exports_nothing() -> None:
    heard = Heard().reader(PHASES)
    heard.device(SERIAL, registers(kilowatts(1023, 700), kilowatts(1024, 0), kilowatts(1080, 0)))
    assert heard.readings["grid.power.l1"] == 0


def test_reactive_power_is_kept_in_var() -> None:
    heard = Heard().device(
        SERIAL,
        registers(plain(1025, 300, unit=26, sigexp=0x43), plain(1026, 50, unit=26, sigexp=0x43)),
    )
    assert heard.readings["grid.reactive.power"] == Decimal(250)


# --- everything else ---


def test_a_register_nobody_has_described_keeps_its_number_and_unit() -> None:
    heard = Heard().device(SERIAL, registers(plain(2000, 55, unit=37, sigexp=0x41), plain(2001, 7)))
    assert heard.readings == {
        "vendor.kamstrup.register_2000.C": Decimal("5.5"),
        "vendor.kamstrup.register_2001": Decimal(7),
    }


def test_the_last_of_two_records_of_one_register_counts() -> None:
    heard = Heard().device(SERIAL, registers(plain(1054, 228, unit=33), plain(1054, 230, unit=33)))
    assert heard.readings == {"grid.voltage.l1": Decimal(230)}


def test_settings_texts_and_dates_are_facts_and_numbers_that_name_are_private() -> None:
    text = RegisterValue(1058, 54, 0, b"68201TEST0")
    date = RegisterValue(1028, 48, 0, (250_601).to_bytes(4, "big"))
    heard = Heard().device(SERIAL, registers(text, date, plain(54, 21_000_002), plain(51, 1_258)))
    assert heard.readings == {}
    assert heard.facts == {
        "serial": "10203040",
        "type_number": "68201TEST0",
        "p14_max_date": "2025-06-01",
        "configuration_1": "21000002",
        "meter_number_1": "1258",
    }
    private = {each.name for each in heard.said if isinstance(each, Fact) and each.private}
    assert private == {"serial", "meter_number_1"}


def test_a_fact_is_told_again_only_when_it_changes() -> None:
    heard = Heard().device(SERIAL, registers(plain(54, 1)), registers(plain(54, 1)))
    heard.device(registers(plain(54, 2)))
    told = [each.value for each in heard.said if isinstance(each, Fact) and each.name != "serial"]
    assert told == ["1", "2"]


def test_type_relays_and_events_are_facts_in_words() -> None:
    heard = Heard().device(
        SERIAL,
        TypeReply(0x3F, 0x5501, 0x1B05),
        CutOffReply(0x3F, False, 8, 0x1F),
        EventStatusReply(0x3F, bytes((0x44, 0x00, 0x03))),
    )
    assert heard.facts == {
        "serial": "10203040",
        "model": "K382 J",
        "firmware": "AA5",
        "relays": "released for reconnection",
        "events": "magnetic field, front cover open, billing logged, RTC event logged",
    }


# --- time ---


def clock(number: int, date: int) -> tuple[RegisterValue, RegisterValue]:
    return plain(1002, number, unit=47), plain(1003, date, unit=48)


def reported(*values: RegisterValue) -> datetime | None:
    energy = plain(13, 1, unit=2)
    (reading,) = (
        each
        for each in Heard().device(SERIAL, registers(energy, *values)).said
        if isinstance(each, Reading)
    )
    return reading.reported


def test_clock_and_date_in_the_same_reply_are_the_time_of_its_readings() -> None:
    assert reported(*clock(140_509, 250_601)) == datetime.fromisoformat("2025-06-01T14:05:09")


def test_unit_79_is_the_time_as_well() -> None:
    both = RegisterValue(348, 79, 0, bytes.fromhex("011906010E0509"))
    assert reported(both) == datetime.fromisoformat("2025-06-01T14:05:09")


def test_a_clock_alone_and_an_rtc_are_no_time() -> None:
    rtc = RegisterValue(1047, 53, 0, bytes.fromhex("0307092D0D010619"))
    assert reported(clock(140_509, 0)[0], rtc) is None


def test_a_clock_that_is_days_off_is_told_once_and_not_believed() -> None:
    heard = Heard().device(SERIAL)
    for _ in range(3):
        heard.device(registers(plain(13, 1, unit=2), *clock(203_513, 140_727)))
    assert [each.eventid for each in heard.events] == ["mitmeter.kamstrup.clock.wrong"]
    assert all(each.reported is None for each in heard.said if isinstance(each, Reading))


# --- who ---


def test_a_meter_is_called_by_its_serial_number_from_either_place() -> None:
    assert Heard().device(SERIAL, registers(plain(13, 1, unit=2))).devices == [str(METER)]
    both = registers(plain(13, 1, unit=2), plain(1001, 10203040))
    assert Heard().device(both).devices == [str(METER)]


def test_a_meter_nobody_asks_is_called_by_its_address_and_that_is_told_once() -> None:
    heard = Heard().device(*[registers(plain(13, 1, unit=2))] * 2)
    assert heard.devices == ["kamstrup:address-3F"]
    assert [each.eventid for each in heard.events] == ["mitmeter.kamstrup.meter.nameless"]


def test_an_operator_can_name_a_meter_nobody_asks() -> None:
    heard = Heard({"serial": "attic"}).device(registers(plain(13, 1, unit=2)))
    assert heard.devices == ["kamstrup:attic"]
    assert heard.events == []


def test_a_modules_logger_belongs_to_the_meter() -> None:
    heard = Heard().device(SERIAL, RegisterReply(0x7F, (plain(13, 1, unit=2),)))
    assert heard.devices == [str(METER)]


def test_meters_at_two_addresses_are_two_devices() -> None:
    heard = Heard().device(
        SERIAL,
        SerialReply(0x40, 7),
        registers(plain(13, 1, unit=2)),
        RegisterReply(0x40, (plain(13, 2, unit=2),)),
    )
    assert heard.devices == ["kamstrup:10203040", "kamstrup:7"]
    assert heard.events == []


def test_another_serial_number_at_the_same_address_is_another_meter_and_an_event() -> None:
    heard = Heard().device(SERIAL, SerialReply(0x3F, 5), registers(plain(13, 1, unit=2)))
    assert heard.devices == ["kamstrup:5"]
    assert [each.eventid for each in heard.events] == ["mitmeter.kamstrup.meter.replaced"]


def test_a_register_that_differs_from_getserialno_changes_nothing() -> None:
    heard = Heard().device(SERIAL, registers(plain(1001, 5), plain(13, 1, unit=2)))
    assert heard.devices == [str(METER)]


@pytest.mark.parametrize("serial", [0, 0xFFFF_FFFF])
def test_a_serial_number_that_stands_for_none_is_none(serial: int) -> None:
    heard = Heard().device(SerialReply(0x3F, serial), registers(plain(13, 1, unit=2)))
    assert heard.devices == ["kamstrup:address-3F"]


@pytest.mark.parametrize(
    ("options", "key"),
    [({"resolution": "high"}, "options.resolution"), ({"serial": "a b"}, "options.serial")],
)
def test_wrong_options_name_the_key(options: dict[str, str], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        projection_with(options)
    assert caught.value.key == key


# --- what readers do ---


def test_a_login_is_an_event_without_its_pin_and_repetitions_are_counted() -> None:
    heard = Heard().reader(*[Login(0x3F, Secret("4711"))] * 5)
    assert [each.fields["count"] for each in heard.events] == [1, 2, 4]
    assert "4711" not in repr(heard.events)


def test_what_became_of_a_login_is_told() -> None:
    heard = Heard().device(LoginReply(0x3F, 1))
    assert [each.message for each in heard.events] == ["the login was denied"]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (SetClock(0x3F, 250_601, 134_509), "sets the clock to 2025-06-01 13:45:09"),
        (SetClock(0x3F, 1, 2), "sets the clock to 1 2"),
        (PutRegister(0x3F, plain(1039, 5)), "writes register 1039 (Power threshold)"),
        (SetCutOffState(0x3F, 1), "switches the relays: disconnect"),
        (SetCutOffState(0x3F, 9), "switches the relays: wish 09"),
        (OtherRequest(0x3F, 0x07, b""), "says Reset"),
    ],
)
def test_a_command_that_changes_something_is_a_warning(message: Message, words: str) -> None:
    (event,) = Heard().reader(message).events
    assert event.eventid == "mitmeter.kamstrup.write"
    assert event.severity is Severity.WARNING
    assert event.message == f"a reader {words}"


def test_an_unknown_command_is_told_once_per_command() -> None:
    strange = OtherRequest(0x3F, 0x55, b"\x01\x02", "command 55 has never been described")
    heard = Heard().reader(strange, strange)
    (event,) = heard.events
    assert event.message == (
        "a reader says unknown command 55: command 55 has never been described"
    )
    assert event.fields["hex"] == "0102"


def test_reading_is_no_event_and_an_echo_is_nothing() -> None:
    assert Heard().reader(GetSerialNo(0x3F), GetRegister(0x3F, (1,))).said == []
    assert Heard().device(SetCutOffState(0x3F, 1), Login(0x3F, Secret("1"))).said == []
