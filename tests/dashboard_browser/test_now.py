"""The page Now: what flows, as it flows."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, StorageState, expect

from tests.dashboard_browser.demo_house import DemoHouse
from tests.dashboard_browser.visits import Visit, visit


@pytest.fixture
def now(window: Visit) -> Visit:
    window.turn("#/now", ".flow-words")
    return window


_DOTS = "[...document.querySelectorAll('.flow-dots circle')].map((dot) => dot.getAttribute('cx'))"


def test_values_change_without_anybody_doing_anything(now: Visit) -> None:
    page = now.page
    before = page.inner_text(".flow-house .flow-value")
    heard = page.inner_text(".now-flow .card-head .soft")
    page.wait_for_function(
        "([value, at]) => document.querySelector('.flow-house .flow-value').innerText !== value"
        " && document.querySelector('.now-flow .card-head .soft').innerText !== at",
        arg=[before, heard],
    )
    assert re.fullmatch(r"[\d,.]+\s(W|kW)", page.inner_text(".flow-house .flow-value"))


def test_the_numbers_are_what_the_api_says(now: Visit) -> None:
    page = now.page
    with page.expect_response(re.compile("/api/v1/overview")) as answer:
        page.reload()
    today = answer.value.json()["today"]
    now.settle(".tiles")
    shown = page.locator(".tile", has_text="From the grid").locator(".tile-value").inner_text()
    value, unit = shown.split("\xa0") if "\xa0" in shown else shown.split()
    assert unit == "kWh"
    assert abs(float(value.replace(",", "")) - today["import_kwh"]) <= 0.05


def test_direction_is_told_by_sign_word_and_arrow(now: Visit) -> None:
    page = now.page
    for name, words in {
        "grid": ("importing", "exporting", "balanced"),
        "battery": ("discharging", "charging", "resting"),
    }.items():
        sign, word = page.evaluate(
            "(name) => ['value', 'word'].map((part) =>"
            " document.querySelector(`.flow-${name} .flow-${part}`).textContent)",
            name,
        )
        said = word.split(",")[0]
        assert said in words
        if said != words[2]:
            assert sign[0] == "+−"[words.index(said)]
    arrows = page.locator(".flow-arrow").evaluate_all(
        "(all) => all.filter((one) => one.style.display !== 'none').length"
    )
    assert arrows >= 1


def test_dots_move_unless_motion_is_unwelcome(
    browser: Browser, house: DemoHouse, session: StorageState
) -> None:
    with visit(browser, house, session=session) as window:
        window.page.wait_for_selector(".flow-dots circle", state="attached")
        before = window.page.evaluate(_DOTS)
        window.page.wait_for_function(
            f"(before) => {_DOTS}.join() !== before", arg=",".join(before)
        )
    with visit(browser, house, session=session, still=True) as window:
        window.page.wait_for_selector(".flow-arrow", state="attached")
        assert window.page.evaluate(_DOTS) == []


def test_the_last_hour_is_drawn_and_read_by_arrow_keys(now: Visit) -> None:
    page = now.page
    page.wait_for_selector(".now-hour path.stroke-house")
    page.focus(".now-hour .lines-box")
    page.keyboard.press("ArrowLeft")
    tip = page.locator(".now-hour .tip")
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("House")
    expect(tip).to_contain_text(re.compile(r"\d\s(W|kW)"))


def test_simulated_data_is_marked_on_the_window_and_on_each_device(now: Visit) -> None:
    expect(now.page.locator(".strip .badge.sim")).to_contain_text("Simulated")
    devices = now.page.locator(".roster > li")
    assert devices.count() >= 3
    assert devices.locator(".badge.sim").count() == devices.count()


def test_a_lost_connection_is_said_and_the_window_comes_back(now: Visit) -> None:
    page = now.page
    expect(page.locator(".strip .live")).to_have_text("Live")
    page.route("**/api/v1/live?**", lambda route: route.abort())
    page.evaluate("location.hash = '#/devices'")  # asks for other topics: a new stream
    expect(page.locator(".strip-end")).to_contain_text("Reconnecting")
    page.unroute("**/api/v1/live?**")
    expect(page.locator(".strip .live")).to_have_text("Live")
    # The browser itself writes down that the stream broke.
    assert all("ERR_FAILED" in each for each in now.complaints)
    now.complaints.clear()
