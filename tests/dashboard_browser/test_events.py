"""The pages Events and Health."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.dashboard_browser.demo_house import DemoHouse
from tests.dashboard_browser.visits import Visit


def test_the_time_line_has_an_icon_and_a_word_for_each_severity(window: Visit) -> None:
    window.turn("#/events", ".event")
    events = window.page.locator(".event")
    assert events.locator(".state svg").count() == events.count()
    words = set(events.locator(".state").all_text_contents())
    assert words <= {"info", "notice", "warning", "alarm"}


def test_a_filter_asks_for_that_severity_and_stays_in_the_address(
    window: Visit, house: DemoHouse
) -> None:
    window.turn("#/events", ".event")
    page = window.page
    with page.expect_response(re.compile("events[?]severity=notice")) as answer:
        page.get_by_label("Show").select_option("notice")
    wanted = len(answer.value.json()["items"])
    page.wait_for_function(
        "(wanted) => document.querySelectorAll('.event').length >= wanted"
        " && !document.querySelector('.event.is-info')",
        arg=wanted,
    )
    assert "severity=notice" in page.url


def test_health_names_every_station_and_the_sizes_of_things(
    window: Visit, house: DemoHouse
) -> None:
    window.turn("#/health", ".health")
    page = window.page
    for station in house.get("site")["stations"]:
        expect(page.get_by_role("region", name="Listeners")).to_contain_text(station["where"])
    expect(page.get_by_role("region", name="What is kept")).to_contain_text(
        re.compile(r"Readings kept\s*[\d,]+")
    )
    checks = len(house.get("health")["checks"])
    expect(page.locator(".chain li")).to_have_count(checks)
