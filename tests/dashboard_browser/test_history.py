"""The page History: spans, zoom, comparison, and files of exactly what is shown."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Download, Response, expect

from tests.dashboard_browser.visits import Visit

_HISTORY = re.compile(r"/api/v1/history\?")
_INTERVALS = re.compile(r"/api/v1/intervals\?")


@pytest.fixture
def charts(window: Visit) -> Visit:
    window.turn("#/history", ".plot .main-svg")
    return window


def _asked(answer: Response) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.url).query).items()}


def _hours(asked: dict[str, str]) -> float:
    since, until = (datetime.fromisoformat(asked[name]) for name in ("since", "until"))
    return (until - since).total_seconds() / 3600


def test_dragging_across_a_chart_asks_again_for_finer_values(charts: Visit) -> None:
    page = charts.page
    page.get_by_role("button", name="Month").click()
    expect(page.locator(".span-words")).not_to_contain_text(",")
    charts.settle(".plot .main-svg")
    box = page.locator(".plot").first.bounding_box()
    assert box is not None
    with page.expect_response(_HISTORY) as lines, page.expect_response(_INTERVALS) as bars:
        page.mouse.move(box["x"] + 100, box["y"] + 100)
        page.mouse.down()
        page.mouse.move(box["x"] + 140, box["y"] + 100, steps=4)
        page.mouse.up()
    assert _hours(_asked(lines.value)) < 24 * 31 / 5
    assert _asked(bars.value)["every"] in {"1h", "30m"}
    fine = [one["every_seconds"] for one in lines.value.json()["series"]]
    assert max(fine) <= 24 * 31 / 5 * 3600 / 200
    with page.expect_response(_HISTORY) as whole:
        page.get_by_role("button", name="Whole period").click()
    assert _hours(_asked(whole.value)) > _hours(_asked(lines.value)) * 3


def test_a_keyboard_zooms_and_moves_too(charts: Visit) -> None:
    page = charts.page
    with page.expect_response(_INTERVALS) as zoomed:
        page.get_by_role("button", name="Zoom in").press("Enter")
    assert _asked(zoomed.value)["every"] == "30m"
    words = page.locator(".span-words").inner_text()
    page.get_by_role("button", name="Earlier").press("Enter")
    expect(page.locator(".span-words")).not_to_have_text(words)


@pytest.mark.parametrize(
    ("period", "every"), [("Day", "1h"), ("Week", "1d"), ("Month", "1d"), ("Year", "1mo")]
)
def test_each_period_has_bars_of_its_length(charts: Visit, period: str, every: str) -> None:
    with charts.page.expect_response(_INTERVALS) as answer:
        charts.page.get_by_role("button", name=period, exact=True).click()
    assert _asked(answer.value)["every"] == every
    charts.settle(".plot .barlayer")
    bars = charts.page.locator(".plot").nth(1).locator(".barlayer .point path")
    expect(bars.first).to_be_attached()


def test_the_period_before_is_compared_in_numbers_and_marks(charts: Visit) -> None:
    page = charts.page
    page.get_by_role("button", name="Earlier").click()
    charts.settle(".plot .barlayer")
    with page.expect_response(_INTERVALS) as answer:
        page.get_by_label("Compare with the period before").check()
    totals, before = answer.value.json()["totals"], answer.value.json()["previous"]["totals"]
    tile = page.locator(".totals .tile", has_text="From the grid")
    expect(tile).to_contain_text("the day before")
    word = "more" if totals["import_kwh"] > before["import_kwh"] else "less"
    expect(tile).to_contain_text(word)
    expect(page.get_by_text("House, the day before")).to_be_visible()


def test_a_day_that_still_runs_is_compared_with_as_much_of_the_day_before(charts: Visit) -> None:
    page = charts.page
    with page.expect_response(_INTERVALS) as answer:
        page.get_by_label("Compare with the period before").check()
    told = answer.value.json()
    shown = page.locator(".totals .tile", has_text="From the grid").locator(".tile-change .soft")
    expect(shown).to_contain_text("kWh")
    value = float(shown.inner_text().strip(" ()").split()[0].replace(",", ""))
    begun = len(told["items"])
    hours = [item["import_kwh"] for item in told["previous"]["items"]]
    assert sum(hours[: begun - 1]) - 0.06 <= value <= sum(hours[: begun + 1]) + 0.06
    expect(page.locator(".totals")).to_contain_text("the day before by then")


def test_a_table_holds_what_the_bars_show(charts: Visit) -> None:
    page = charts.page
    with page.expect_response(_INTERVALS) as answer:
        page.get_by_role("button", name="Earlier").click()
    items = answer.value.json()["items"]
    page.get_by_text("The bars as a table").click()
    rows = page.locator("details .table tbody tr")
    expect(rows).to_have_count(len(items))
    third = rows.nth(3).locator("td").nth(1).inner_text()
    assert float(third.replace(",", "")) == pytest.approx(items[3]["import_kwh"], abs=0.006)


def test_the_csv_is_exactly_what_the_bars_show(charts: Visit) -> None:
    page = charts.page
    with page.expect_response(_INTERVALS) as answer:
        page.get_by_role("button", name="Earlier").click()
    charts.settle(".plot .barlayer")
    page.get_by_role("button", name="To the grid", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download energy as CSV").click()
    rows = _rows(saved.value)
    items: list[dict[str, Any]] = answer.value.json()["items"]
    assert [row["from_utc"] for row in rows] == [_millis(item["from"]) for item in items]
    assert [row["import_kwh"] for row in rows] == [_written(item["import_kwh"]) for item in items]
    assert "export_kwh" not in rows[0]


def test_the_csv_of_the_lines_leaves_out_what_is_switched_off(charts: Visit) -> None:
    page = charts.page
    page.get_by_role("button", name="Solar").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download power as CSV").click()
    (columns,) = {tuple(row) for row in _rows(saved.value)[:1]}
    text = " ".join(columns)
    assert "grid.power mean [W]" in text
    assert "pv.power" not in text


def test_the_picture_is_a_png_of_the_chart(charts: Visit) -> None:
    with charts.page.expect_download() as saved:
        charts.page.get_by_role("button", name="Download power as PNG").click()
    assert saved.value.suggested_filename.endswith("Z.png")
    raw = Path(saved.value.path()).read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(raw[16:20]), int.from_bytes(raw[20:24])) == (2560, 960)


def test_another_quantity_can_be_drawn_beside_the_powers(charts: Visit) -> None:
    with charts.page.expect_response(_HISTORY) as answer:
        charts.page.get_by_label("Also show").select_option(label="State of charge")
    units = [one["unit"] for one in answer.value.json()["series"]]
    assert units[-1] == "%"
    expect(charts.page.locator(".plot").first).to_contain_text("%")


def test_days_that_make_no_span_are_refused_with_a_reason(charts: Visit) -> None:
    page = charts.page
    page.get_by_role("button", name="Custom").click()
    page.get_by_label("First day").fill("2026-03-05")
    page.get_by_label("Last day").fill("2026-03-01")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("The last day is before the first.")


def test_an_address_opens_the_same_view_again(charts: Visit) -> None:
    page = charts.page
    page.get_by_role("button", name="Week").click()
    page.get_by_role("button", name="Earlier").click()
    charts.settle(".plot .main-svg")
    words = page.locator(".span-words").inner_text()
    page.reload()
    charts.settle(".plot .main-svg")
    assert page.locator(".span-words").inner_text() == words


def _rows(saved: Download) -> list[dict[str, str]]:
    text = Path(saved.path()).read_text("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _millis(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _written(value: float | None) -> str:
    """A number as JavaScript writes it."""
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else repr(value)
