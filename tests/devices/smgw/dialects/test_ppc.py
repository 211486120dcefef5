from datetime import UTC, datetime
from decimal import Decimal

import pytest

from mitmeter.devices.smgw.dialects import ppc
from mitmeter.devices.smgw.dialects.ppc_page import MOST_PAGE, Page, parse_page
from mitmeter.devices.smgw.legaltime import Descent
from mitmeter.devices.smgw.status import Ptb
from mitmeter.errors import RemoteProtocolError
from tests.devices.smgw.smgw_examples import NOW, request, response

METER = "1tst0000000055"


def page(name: str) -> Page:
    return parse_page(response(name).body)


def values_of(html: str, meter: str = METER) -> ppc.Readings:
    return ppc.values(parse_page(html.encode()), meter, Descent(), NOW)


def row(stamp: str | None, wert: str, code: str = "1-0:1.8.0", valid: str | None = "1") -> str:
    """Return one row; what is None has no cell."""
    cells = [("timestamp", stamp), ("wert", wert), ("einheit", "kWh"), ("istvalide", valid)]
    cells.append(("obis", code))
    return "<tr id='table_metervalues_line1'>" + "".join(
        f"<td id='table_metervalues_col_{name}'>{text}</td>"
        for name, text in cells
        if text is not None
    )


def table(*rows: str) -> str:
    return f"<table id='metervalue'>{''.join(rows)}</table>"


# what is asked


def test_actions_are_posted_with_the_newest_token() -> None:
    ask = ppc.act(page("PPC: welcome, with a session's cookie"), "meterform")
    assert ask.body == request("PPC: the meters are asked for").body
    shown = page("PPC: two meters to choose from")
    (first, _) = ppc.meters(shown)
    profile = ppc.act(shown, "showMeterProfile", {"mid": first.handle})
    assert profile.body == request("PPC: current values are asked for").body


def test_a_span_is_posted_in_legal_time() -> None:
    form = page("PPC: the form for history, with a new handle")
    found = form.form_for("showMeterValues")
    assert found is not None
    after = datetime.fromisoformat("2026-02-28 00:00:00")
    until = datetime.fromisoformat("2026-03-01 00:15:00")
    fields = {"mid": found.fields["mid"], **ppc.span(after, until)}
    assert ppc.act(form, "showMeterValues", fields).body == request("PPC: a day is asked for").body


# what is answered


def test_the_token_is_found_by_name_wherever_it_stands() -> None:
    shown = parse_page(b"<form><input name='x' value='1'><INPUT VALUE='t9' NAME='tkn'></form>")
    assert shown.token == "t9"


def test_meters_are_told_by_the_options_text() -> None:
    found = ppc.meters(page("PPC: two meters to choose from"))
    assert [(each.handle[:4], each.meter) for each in found] == [
        ("1111", METER),
        ("9999", "1tst0000000056"),
    ]


def test_a_later_row_inherits_time_and_validity() -> None:
    shown = page("PPC: current values, two registers of one moment")
    assert ppc.profile_meter(shown) == METER
    found = ppc.values(shown, METER, Descent(), NOW).values
    at = datetime(2026, 3, 1, 11, 30, 2, tzinfo=UTC)
    assert [(v.code, v.number, v.unit, v.at, v.ptb) for v in found] == [
        ("0100010800ff", Decimal("1063.2175"), "kWh", at, Ptb.OK),
        ("0100020800ff", Decimal("503.0174"), "kWh", at, Ptb.OK),
    ]


def test_a_moment_marked_invalid_spoils_both_its_rows() -> None:
    found = ppc.values(
        page("PPC: a day, newest first, one moment of it invalid"), METER, Descent(), NOW
    )
    usable = [(f"{v.at:%H:%M:%S}", v.ptb.usable) for v in found.values]
    assert usable == [("23:00:01", True)] * 2 + [("22:45:03", False)] * 2 + [("23:00:01", True)] * 2


def test_the_day_is_the_difference_of_its_midnights() -> None:
    found = ppc.values(
        page("PPC: a day, newest first, one moment of it invalid"), METER, Descent(), NOW
    )
    imported = [v.number for v in found.values if v.code == "0100010800ff" and v.ptb.usable]
    exported = [v.number for v in found.values if v.code == "0100020800ff" and v.ptb.usable]
    assert imported[0] - imported[-1] == Decimal("7.5000")
    assert exported[0] - exported[-1] == Decimal("3.1000")


def test_cells_that_are_absent_inherit_like_empty_ones() -> None:
    found = values_of(table(row("2026-03-01 12:30:02", "1"), row(None, "2", "1-0:2.8.0", None)))
    assert [v.at for v in found.values] == [datetime(2026, 3, 1, 11, 30, 2, tzinfo=UTC)] * 2


def test_a_time_that_cannot_be_read_spoils_its_group_and_nothing_is_inherited_from_above() -> None:
    found = values_of(
        table(
            row("2026-03-01 12:30:02", "1"),
            row("gestern", "2"),
            row("", "3", "1-0:2.8.0", ""),
            row("2026-03-01 12:00:02", "4"),
        )
    )
    assert [str(v.number) for v in found.values] == ["1", "4"]
    assert found.odd == 2


@pytest.mark.parametrize(
    ("valid", "usable"), [("1", [True]), ("2", [False]), ("invalid", [False]), ("", [True])]
)
def test_validity_is_told_in_numbers_or_words(valid: str, usable: list[bool]) -> None:
    found = values_of(table(row("2026-03-01 12:30:02", "1", valid=valid)))
    assert [v.ptb.usable for v in found.values] == usable


@pytest.mark.parametrize("valid", ["3", "nonexistent", "nicht vorhanden"])
def test_what_is_not_present_is_no_value_and_nothing_odd(valid: str) -> None:
    found = values_of(table(row("2026-03-01 12:30:02", "0", valid=valid)))
    assert (found.values, found.odd) == ((), 0)


def test_the_misspelt_id_and_rows_without_ids_are_read() -> None:
    html = table(row("2026-03-01 12:30:02", "1")).replace(
        "table_metervalues_col_obis", "table_metervaleus_col_obis"
    )
    assert len(values_of(html).values) == 1
    assert len(values_of(html.replace("<tr id='table_metervalues_line1'>", "<tr>")).values) == 1


@pytest.mark.parametrize("number", ["1,5", "abc", "", "1 000"])
def test_a_number_that_is_none_is_counted_as_odd(number: str) -> None:
    found = values_of(table(row("2026-03-01 12:30:02", number)))
    assert (found.values, found.odd) == ((), 1)


def test_a_page_cut_short_tells_what_is_whole() -> None:
    whole = response("PPC: a day, newest first, one moment of it invalid").body
    half = parse_page(whole[: len(whole) // 2])
    assert ppc.values(half, METER, Descent(), NOW).values


def test_a_meter_is_taken_from_the_rows_only_where_it_looks_like_one() -> None:
    def html(name: str) -> str:
        cell = f"<td id='table_metervalues_col_name'>{name}</td>"
        return table(row("2026-03-01 12:30:02", "1") + cell)

    assert values_of(html("1TST0000000055"), "").values[0].meter == METER
    assert values_of(html("Wirkarbeit"), "").values[0].meter == ""


def test_the_next_page_is_asked_for_with_what_the_page_renews() -> None:
    shown = parse_page(
        b"<form><input type='hidden' name='tkn' value='t2'>"
        b"<input type='hidden' name='mid' value='new'>"
        b"<input type='submit' id='table_metervalues_button_nextpage'></form>"
    )
    assert ppc.has_more(shown)
    assert ppc.next_fields(shown, {"mid": "old", "from": "a", "to": "b"}, 2) == {
        "mid": "new",
        "from": "a",
        "to": "b",
        "page": "2",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Sitzung abgelaufen", "Sitzung abgelaufen"),
        ("Login falsch!", "Login falsch"),
        ("Parameterfehler", "Parameterfehler"),
        ("Es ist ein Fehler aufgetreten", "Fehler"),
        ("Es sind nur 1000 erlaubt. Fehler", "Es sind nur 1000 erlaubt"),
        ("Willkommen", ""),
    ],
)
def test_an_error_page_is_known_by_its_words(text: str, words: str) -> None:
    assert ppc.complaint(parse_page(f"<html><p>{text}</p></html>".encode())) == words


def test_a_page_with_a_table_is_no_error_page_whatever_its_log_says() -> None:
    shown = parse_page(b"<tr id='table_log_line1'><td id='table_logs_col_msgtext'>Fehler</td></tr>")
    assert ppc.complaint(shown) == ""


def test_the_foot_of_a_page_tells_firmware_and_clock() -> None:
    found = ppc.gateway(page("PPC: welcome, with a session's cookie"))
    assert found.firmware == "99001-99002"
    assert found.clock == datetime(2026, 3, 1, 11, 32, 5, tzinfo=UTC)


@pytest.mark.parametrize("body", [b"", b" \r\n ", b"x" * (MOST_PAGE + 1)])
def test_an_empty_or_a_huge_page_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_page(body)


def test_nothing_nested_and_nothing_unclosed_hurts() -> None:
    shown = parse_page(b"<table><tr><td>" * 20_000 + b"</form></td><option value='x'>y")
    assert len(shown.rows) <= 50_000
