"""Line protocol: floats only, stable tags, right escapes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.model import DeviceId, Event, Origin, Reading, Severity
from mitmeter.sinks.lines import LineWriter, place, string, tag
from mitmeter.sinks.sink import Occurrence
from tests.sinks.sinkkit import reading

AT = datetime(2025, 11, 20, 10, 15, 3, 250, tzinfo=UTC)
# 2025-11-20T10:15:03Z is 1763633703 s since 1970.
STAMP = "1763633703000250000"


def line(value: Decimal | str, quantity: str = "grid.power", *, strings: bool = True) -> str:
    made = Reading(DeviceId("glow", "HUB1"), quantity, value, AT, at=AT)
    lines, kept = LineWriter("home", strings=strings).readings([made])
    assert kept == ([0] if lines else [])
    return lines[0] if lines else ""


def test_a_line_has_measurement_tags_field_and_nanoseconds() -> None:
    assert line(Decimal(512)) == (
        f"power,site=home,device=glow:HUB1,quantity=grid.power value_w=512 {STAMP}"
    )


@pytest.mark.parametrize(
    ("quantity", "start", "field"),
    [
        ("grid.import", "energy,", "value_kwh"),
        ("grid.voltage.l1", "voltage,", "value_v"),
        ("battery.soc", "share,", "value_percent"),
        ("gas.volume", "volume,", "value_m3"),
        ("price.import", "tariff,", "unit_rate"),
        ("price.standing", "tariff,", "standing_charge"),
        ("radio.lqi", "measure,", "value"),
        ("vendor.glow.Something", "vendor,", "value"),
    ],
)
def test_each_kind_of_quantity_has_its_measurement_and_field(
    quantity: str, start: str, field: str
) -> None:
    made = line(Decimal(1), quantity)
    assert made.startswith(start)
    assert f"quantity={quantity} {field}=1 " in made


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("12345.678", "12345.678"),
        ("23.10", "23.10"),
        ("-0.5", "-0.5"),
        ("0", "0"),
        ("1E+3", "1000.0"),
        ("1.5E-9", "1.5e-09"),
        ("99999999999999999999", "99999999999999999999"),
    ],
)
def test_a_number_is_a_float_never_an_integer_with_an_i(value: str, written: str) -> None:
    assert f" value_w={written} " in line(Decimal(value))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "sNaN", "1E+400"])
def test_what_no_float_can_hold_is_left_out(value: str) -> None:
    assert line(Decimal(value)) == ""


def test_a_state_is_a_string_of_its_own_measurement_or_left_out() -> None:
    text = line('says "hi"\\\nthere', "vendor.glow.mode")
    assert text.startswith("state,site=home,device=glow:HUB1,quantity=vendor.glow.mode text=")
    assert '"says \\"hi\\"\\\\ there"' in text
    assert line("on", "vendor.glow.mode", strings=False) == ""


def test_simulated_devices_are_tagged() -> None:
    made = reading(1, origin=Origin.SYNTHETIC)
    ((text,), _) = LineWriter("home", strings=True).readings([made])
    assert ",origin=synthetic value_percent=" in text


def test_rows_left_out_do_not_shift_the_others() -> None:
    rows = [reading(0), reading(1, "text"), reading(2, Decimal("NaN")), reading(3)]
    lines, kept = LineWriter("", strings=False).readings(rows)
    assert kept == [0, 3]
    assert [each.split("value_percent=")[1].split()[0] for each in lines] == ["0", "0.3"]
    assert "site=" not in lines[0]


def test_a_tag_is_escaped() -> None:
    assert tag("a b,c=d") == r"a\ b\,c\=d"
    assert tag("ends in \\") == r"ends\ in\ /"
    assert tag("") == "-"
    assert tag("two\nlines") == "two?lines"


@given(text=st.text())
def test_no_text_breaks_out_of_its_tag_or_string(text: str) -> None:
    for written in (tag(text), string(text)):
        assert "\n" not in written
        assert "\r" not in written
    unescaped = tag(text).replace("\\,", "").replace("\\ ", "").replace("\\=", "")
    assert not set(unescaped) & set(", =\\")
    assert '"' not in string(text).replace("\\\\", "").replace('\\"', "")


def test_an_event_is_a_count_with_its_message() -> None:
    found = Event("mitmeter.x", AT, 'a "b"', Severity.ALARM, DeviceId("glow", "HUB1"))
    (made,) = LineWriter("home", strings=True).events([Occurrence(1, found)])
    tags = "site=home,eventid=mitmeter.x,severity=alarm,device=glow:HUB1"
    assert made == f'event,{tags} count=1,message="a \\"b\\"" {STAMP}'
    (bare,) = LineWriter("home", strings=False).events([Occurrence(1, found)])
    assert bare == f"event,{tags} count=1 {STAMP}"


def test_a_vendor_field_with_a_known_looking_name_stays_with_the_vendor() -> None:
    assert place("vendor.x.grid.power") == ("vendor", "value")
    assert place("unheard.of") == ("measure", "value")
