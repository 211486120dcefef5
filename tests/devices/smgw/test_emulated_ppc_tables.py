"""The emulated PPC gateway's tables: values in pages, contracts and their periods, the log."""

import re
from datetime import UTC, datetime

import pytest

from tests.devices.smgw.ppc_bench import (
    example,
    first_meter,
    inside,
    says,
    show,
    stamps,
    text,
    values_form,
)

# --- tables of values


@pytest.mark.parametrize("span", [("x", "2026-03-01"), ("2026-02-28", ""), ("0001-01-01", "x")])
def test_times_that_are_none_are_wrong_parameters(span: tuple[str, str]) -> None:
    assert "Parameterfehler" in show(inside(), *span)


def test_a_date_alone_is_its_midnight() -> None:
    page = show(inside(), "2026-02-28", "2026-03-01")
    assert stamps(page)[-1] == "2026-02-28 00:00:01"
    assert stamps(page)[0] == "2026-02-28 23:45:03"


def test_values_come_newest_first_in_pages_and_no_moment_is_torn_apart() -> None:
    gateway = inside({"rows": "9"})
    mid, seen, number = values_form(gateway), list[str](), 1
    while True:
        span = {"from": "2026-02-28 20:00:00", "to": "2026-02-28 23:00:00", "page": str(number)}
        page = text(gateway.act("showMeterValues", mid=mid, **span))
        assert page.count("col_wert") == 2 * len(stamps(page)) <= 9
        seen += stamps(page)
        if "id='table_metervalues_button_nextpage'" not in page:
            break
        assert f"name='page' value='{number + 1}'" in page
        number += 1
    assert number == 3
    assert len(seen) == 12
    assert seen == sorted(seen, reverse=True)


def test_later_rows_of_a_moment_have_empty_cells_or_none() -> None:
    span = ("2026-02-28 22:50:00", "2026-02-28 23:10:00")
    empty = show(inside(), *span)
    assert empty.count("col_timestamp'></td>") == empty.count("col_istvalide'></td>") == 1
    absent = show(inside({"inherited": "absent"}), *span)
    assert absent.count("col_timestamp") == absent.count("col_istvalide") == 1
    assert absent.count("col_wert") == 2


@pytest.mark.parametrize(
    ("switch", "ids"),
    [
        ("alternate", ["line1", "line2", "line1", "line2"]),
        ("count", ["line1", "line2", "line3", "line4"]),
        ("none", []),
    ],
)
def test_rows_have_ids_as_switched(switch: str, ids: list[str]) -> None:
    page = show(inside({"lines": switch}), "2026-02-28 22:40:00", "2026-02-28 23:10:00")
    assert re.findall("table_metervalues_(line[0-9]+)'", page) == ids


def test_one_firmware_misspells_an_id() -> None:
    page = show(inside({"misspelt": "on"}), "2026-02-28 22:50:00", "2026-02-28 23:10:00")
    assert "id='table_metervaleus_col_obis'>1-0:1.8.0<" in page


def test_a_status_cell_stands_there_where_switched() -> None:
    page = show(inside({"status_cell": "on"}), "2026-02-28 23:40:00", "2026-02-28 23:50:00")
    assert "id='table_metervalues_col_status'>Fehlerhaft<" in page


@pytest.mark.parametrize(
    ("switch", "shown"), [("off", ["2", "3", "1"]), ("on", ["invalid", "nicht vorhanden", "1"])]
)
def test_validity_is_told_by_number_or_in_words(switch: str, shown: list[str]) -> None:
    persona = example()
    persona["mark"].append({"target": "2026-02-28T22:30:00Z", "missing": True})
    gateway = inside({"valid_words": switch}, persona=persona)
    page = show(gateway, "2026-02-28 23:10:00", "2026-02-28 23:50:00")
    found = re.findall("col_istvalide'>([^<]+)<", page)
    assert found == shown


def test_no_data_is_said_in_the_one_way_or_the_other() -> None:
    span = ("2030-01-01 00:00:00", "2030-01-02 00:00:00")
    assert "Keine Z&auml;hlerdaten vorhanden" in show(inside(), *span)
    page = show(inside({"no_data": "paged"}), *span)
    assert "Von 2030-01-01 00:00:00 bis 2030-01-02 00:00:00, Seite 1" in page
    assert "Keine Daten vorhanden." in page


def test_a_meter_that_only_feeds_in_has_one_row_a_moment() -> None:
    gateway = inside()
    page = text(gateway.act("showMeterProfile", mid=first_meter(gateway, 1)))
    assert re.findall("col_obis'>([^<]*)<", page) == ["1-0:2.8.0"]
    assert "12.5000" in page


def test_in_autumn_an_hour_is_shown_twice_without_a_mark() -> None:
    persona = example()
    persona["clock"] |= {"capture_least": 1, "capture_most": 1}
    gateway = inside(persona=persona, now=datetime(2026, 10, 26, 12, tzinfo=UTC))
    page = show(gateway, "2026-10-25 01:45:00", "2026-10-25 03:05:00")
    assert [stamp[11:] for stamp in stamps(page)] == [
        "03:00:01",
        "02:45:01",
        "02:30:01",
        "02:15:01",
        "02:00:01",
        "02:45:01",
        "02:30:01",
        "02:15:01",
        "02:00:01",
        "01:45:01",
    ]


@pytest.mark.parametrize(
    ("day", "quarters"), [("2026-03-29", 92), ("2026-10-25", 100), ("2026-06-01", 96)]
)
def test_days_have_as_many_quarter_hours_as_the_clock_change_leaves(
    day: str, quarters: int
) -> None:
    gateway = inside({"rows": "1000"}, now=datetime(2026, 12, 1, tzinfo=UTC))
    assert len(stamps(show(gateway, f"{day} 00:00:00", f"{day} 23:59:59"))) == quarters


# --- contracts, log, versions


def test_a_contract_is_chosen_by_its_name_and_shown_with_its_profile() -> None:
    gateway = inside()
    page = text(gateway.act("tariffform"))
    assert "id='tarifform_select_profile'" in page
    found = re.search("<option value='([0-9a-f]{32})'>01005e318021.tst-0055.sm<", page)
    assert found is not None
    profile = text(gateway.act("showTariffProfile", tid=found[1]))
    for label, value in (
        ("Profil-ID", "01005e318021.tst-0055.sm"),
        ("TAF-Typ", "TAF-7"),
        ("Registerperiode", "900"),
        ("Ende Validierungsperiode", "unbegrenzt"),
    ):
        assert f"<tr><td>{label}</td><td>{value}</td></tr>" in profile
    assert "id='table_tafvalues_col_obis'>1-0:1.8.0<" in profile


def test_billing_periods_and_their_registers_are_reached_by_their_handles() -> None:
    gateway = inside()
    page = text(gateway.act("tariffform"))
    tid = re.findall("<option value='([0-9a-f]{32})'>", page)[0]
    form = text(gateway.act("showTarificationForm", tid=tid))
    handle = re.findall("name='tid' value='([0-9a-f]{32})'", form)[0]
    span = {"from": "2026-02-01", "to": "2026-03-02"}
    table = text(gateway.act("showTarification", tid=handle, **span))
    begins = re.findall("tarification_col_periodbegin'>([^<]*)<", table)
    assert begins[0] == "2026-03-01 00:00:00"
    assert len(begins) == 29
    assert re.findall("tarification_col_status'>([^<]*)<", table)[:2] == ["laufend", "beendet"]
    ttid = re.findall("name='ttid' value='([0-9a-f]{32})'", table)[1]
    registers = text(gateway.act("showTarificationRegister", ttid=ttid))
    values = re.findall("button_tarification_register' type='submit' value='([^']*)'", registers)
    assert values[:5] == [
        "2026-03-01 00:00:01",
        "2026-03-01 00:00:00",
        "1063.2175",
        "kWh",
        "1-0:1.8.0",
    ]


@pytest.mark.parametrize(
    ("action", "field"),
    [
        ("showMeterProfile", "mid"),
        ("showMeterValuesForm", "mid"),
        ("exportMeterProfile", "mid"),
        ("showTariffProfile", "tid"),
        ("showTarificationForm", "tid"),
        ("showTarificationRegister", "ttid"),
    ],
)
def test_a_stale_handle_is_a_wrong_parameter_everywhere(action: str, field: str) -> None:
    gateway = inside()
    assert "Parameterfehler" in text(gateway.act(action, **{field: "0" * 32}))
    assert says(gateway, "form_meterform")


def test_the_log_is_shown_newest_first_in_pages() -> None:
    gateway = inside({"entries": "96"})
    first = text(gateway.act("log", **{"from": "2026-02-28", "to": "2026-03-01"}))
    assert first.count("<tr id='table_log_line") == 50
    assert "table_log_button_nextpage" in first
    span = {"from": "2026-02-28", "to": "2026-03-01", "page": "2"}
    second = text(gateway.act("log", **span))
    assert second.count("<tr id='table_log_line") == 46
    shown = re.findall("col_zeit'>([^<]*)<", first + second)
    assert shown == sorted(shown, reverse=True)
    assert "col_loglevel'>INFO<" in first
    assert "col_outcome'>erfolgreich<" in first


def test_versions_are_those_of_the_foot_of_every_page() -> None:
    page = text(inside().act("swversions"))
    assert "<td>smgw-bootstream</td><td>99001</td>" in page
    assert "<td>smgw-services</td><td>99002</td>" in page


def test_the_communication_profile_names_gateway_and_user() -> None:
    page = text(inside().act("commprofile"))
    assert "<td>eppc0299000021</td>" in page
    assert "<td>tst-user-21</td>" in page


def test_the_menu_has_all_actions_where_none_are_chosen() -> None:
    page = text(inside({"menu": ""}).act("meterform"))
    assert page.count("<form name='menu'") == 7
