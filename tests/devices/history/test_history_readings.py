"""What lines of history say, and what they cannot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from mitmeter.devices.history.messages import Line
from mitmeter.devices.history.readings import HistoryProjection
from mitmeter.errors import ConfigError
from mitmeter.model import DeviceId, Event, Origin, Reading, Side

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
AT = datetime(2025, 1, 1, tzinfo=UTC)
GLOW = DeviceId("glow", "02005EFFFE302010")


def said(text: str, **settings: str) -> list[Reading | Event]:
    given = {name.replace("__", "."): value for name, value in settings.items()}
    return list(HistoryProjection(given).project(Side.DEVICE, Line(text), NOW))


def values(text: str, **settings: str) -> list[tuple[str, Decimal | str]]:
    found = said(text, **settings)
    assert all(isinstance(each, Reading) for each in found), found
    return [(each.quantity, each.value) for each in found if isinstance(each, Reading)]


def refused(text: str, **settings: str) -> str:
    (event,) = said(text, **settings)
    assert isinstance(event, Event)
    assert event.eventid == "mitmeter.history.refused"
    return event.message


def test_a_line_of_our_own_is_the_reading_it_was_printed_from() -> None:
    (found,) = said(
        '{"device":"alphaess:AL9900000000007","quantity":"grid.import","value":4200.10,'
        '"unit":"kWh","at":"2025-06-01T10:00:02.5Z","received":"2025-06-01T10:00:03Z",'
        '"origin":"synthetic","source":"x/1","reported":"2025-06-01T11:00:02"}'
    )
    assert found == Reading(
        device=DeviceId("alphaess", "AL9900000000007"),
        quantity="grid.import",
        value=Decimal("4200.10"),
        received=datetime(2025, 6, 1, 10, 0, 3, tzinfo=UTC),
        reported=datetime(2025, 6, 1, 11, 0, 2, tzinfo=UTC).replace(tzinfo=None),
        live=False,
        at=datetime(2025, 6, 1, 10, 0, 2, 500_000, tzinfo=UTC),
        origin=Origin.SYNTHETIC,
    )
    assert str(found.value) == "4200.10"


def test_a_reading_that_had_no_time_of_its_own_has_none_again() -> None:
    line = '{"device":"glow:AB","quantity":"grid.power","value":1,"at":1735689600,"received":'
    (found,) = said(line + '"2025-01-01T00:00:00Z"}')
    assert isinstance(found, Reading)
    assert (found.at, found.reported, found.received) == (AT, None, AT)


def test_a_plain_row_was_measured_and_heard_when_it_says() -> None:
    (found,) = said(f"{GLOW},grid.power,312,2025-01-01T00:00:00Z")
    assert isinstance(found, Reading)
    assert (found.at, found.reported, found.received, found.live) == (AT, AT, AT, False)


def test_one_object_may_hold_several_quantities() -> None:
    line = '{"at":1735689600,"values":{"grid.power":-5,"vendor.x.y":"012","gas.volume":"1.20"}}'
    assert values(line, device=str(GLOW)) == [
        ("grid.power", Decimal(-5)), ("vendor.x.y", "012"), ("gas.volume", Decimal("1.20")),
    ]  # fmt: skip


def test_a_wide_table_has_a_column_to_a_quantity_and_blanks_for_nothing() -> None:
    settings = {"columns": "Timestamp;grid.power;grid.import", "delimiter": ";"}
    assert values("2025-01-01T00:00Z;312;", device=str(GLOW), **settings) == [
        ("grid.power", Decimal(312))
    ]
    assert said("Timestamp;grid.power;grid.import", device=str(GLOW), **settings) == []


def test_a_comma_is_a_decimal_point_where_it_parts_no_cells() -> None:
    settings = {"columns": "at;grid.import", "delimiter": ";", "device": str(GLOW)}
    assert values("1735689600;12,50", **settings) == [("grid.import", Decimal("12.50"))]
    assert "is no number" in refused("1735689600;1,250,000", **settings)


def test_columns_may_be_renamed() -> None:
    settings = {"columns": "time,use", "map__use": "house.power", "device": "glow:AB"}
    assert values("1735689600,42", **settings) == [("house.power", Decimal(42))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1735689600", AT),
        ("1735689600.25", AT + timedelta(milliseconds=250)),
        ("1735689600000", AT),
        ("1735689600000001", AT + timedelta(microseconds=1)),
        ("1735689600000000000", AT),
        ("2025-01-01T01:00:00+01:00", AT),
        ("20250101T000000Z", AT),
        ("2025-01-01 00:00:00", AT - timedelta(hours=1)),
    ],
)
def test_a_time_is_iso_or_since_1970(text: str, expected: datetime) -> None:
    (found,) = said(f"glow:AB,grid.power,1,{text}", timezone="Europe/Berlin")
    assert isinstance(found, Reading)
    assert found.at == expected


@pytest.mark.parametrize(
    ("line", "device", "expected"),
    [
        (
            "power,device=glow:AB,room=a\\ b grid.power=312,ok=true 1735689600000000000",
            "glow:AB",
            [("grid.power", Decimal(312)), ("vendor.influx.power.ok", Decimal(1))],
        ),
        ("grid.import value=4.20 1735689600", "glow:ZZ", [("grid.import", Decimal("4.20"))]),
        ("r,quantity=gas.volume value=7i 1735689600", "glow:ZZ", [("gas.volume", Decimal(7))]),
        ('t,h=1 s="a \\"b\\", c" 1735689600', "glow:ZZ", [("vendor.influx.t.s", 'a "b", c')]),
        ("w,device=x T\\ in=1e1 1735689600", "glow:ZZ", [("vendor.influx.w.T_in", Decimal(10))]),
    ],
)  # fmt: skip
def test_line_protocol_is_read(
    line: str, device: str, expected: list[tuple[str, Decimal | str]]
) -> None:
    found = said(line, format="influx", device="glow:ZZ")
    assert [each for each in found if isinstance(each, Event)] == []
    assert [
        (str(each.device), each.quantity, each.value) for each in found if isinstance(each, Reading)
    ] == [(device, *each) for each in expected]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("glow:AB,grid.power,312", "3 cells under 4 columns"),
        ("glow:AB,grid.powr,312,1735689600", "'grid.powr' is no known quantity"),
        ("glow:AB,grid.power,much,1735689600", "grid.power: 'much' is no number"),
        ("glow:AB,grid.power,NaN,1735689600", "'NaN' is no number"),
        ("glow:AB,grid.power,1e999,1735689600", "is no number"),
        ("glow:AB,grid.power,1,yesterday", "'yesterday' is no time"),
        ("glow:AB,grid.power,1,0001-01-01T00:00:00+10:00", "is no time"),
        ("glow,grid.power,1,1735689600", "is not <protocol>:<serial>"),
        ('"glow:AB,grid.power,1,1735689600', "no CSV"),
        ('{"quantity":"grid.power","value":1,"at":1735689600}', "device is missing"),
        ('{"device":"glow:AB","quantity":"grid.power","value":1}', "at is missing"),
        ('{"device":"glow:AB","value":1,"at":1735689600}', "quantity is missing"),
        ('{"device":7,"quantity":"grid.power","value":1,"at":1735689600}', "device is no text"),
        ('{"device":"glow:AB","quantity":"grid.power","value":null,"at":1735689600}', "no value"),
        ('{"device":', "no JSON"),
        ("{" * 60_000, "no JSON"),
    ],
)
def test_what_cannot_be_read_is_told_and_is_no_reading(line: str, words: str) -> None:
    assert words in refused(line)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("power grid.power=312 1735689600", "no tag device"),
        ("power,device=glow:AB grid.power=312", "has no time"),
        ("power,device=glow:AB", "no ' ' at 20"),
        ("power,device=glow:AB grid.power=x 1735689600", "'x' is no number"),
    ],
)
def test_a_line_that_is_no_line_protocol_is_told(line: str, words: str) -> None:
    assert words in refused(line, format="influx")


def test_rubble_is_told_at_every_doubling_only() -> None:
    projection = HistoryProjection()
    told = [list(projection.project(Side.DEVICE, Line("x"), NOW)) for _ in range(100)]
    assert [index + 1 for index, each in enumerate(told) if each] == [1, 2, 4, 8, 16, 32, 64]


@pytest.mark.parametrize("text", ["", "   ", "# a comment", "\ufeffdevice,quantity,value,at"])
def test_a_line_that_says_nothing_is_no_fault(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"format": "xml"}, "format: 'xml' is none of"),
        ({"device": "glow"}, "device: "),
        ({"timezone": "Mars/Olympus"}, "timezone: 'Mars/Olympus' is not known"),
        ({"delimiter": ";;"}, "delimiter: "),
        ({"columns": "device,value,at"}, "columns: there is no column 'quantity'"),
        ({"columns": "device,quantity,value"}, "columns: there is no column 'at'"),
        ({"columns": "device,quantity,at"}, "columns: there is no column 'value'"),
        ({"columns": "at,grid.power"}, "columns: there is no column 'device', and no device"),
        ({"columns": "at,grid.powr", "device": "glow:AB"}, "columns: 'grid.powr' is no known"),
        ({"columns": "device,quantity,value,at,x"}, "columns: column 'x' is not known"),
    ],
)
def test_settings_that_make_no_sense_are_named(settings: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace("(", r"\(")):
        HistoryProjection(settings)
