"""Every page, in both themes and three widths: proper, readable, and within its window."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, StorageState

from tests.dashboard_browser.accessibility import faults
from tests.dashboard_browser.demo_house import DemoHouse
from tests.dashboard_browser.visits import Visit, visit

# A page and what of it has to be there before it counts as shown.
PLAIN = {
    "#/now": ".flow-words",
    "#/history?period=day&compare=1": ".plot .main-svg",
    "#/devices": ".device-grid",
    "#/traffic": ".table",
    "#/events": ".timeline",
    "#/health": ".health",
}


def _places(house: DemoHouse) -> dict[str, str]:
    """The pages, those of one device and one message among them."""
    device = house.get("overview")["flow"]["from"]["battery"]
    conversation = house.get("conversations")["items"][0]["id"]
    message = house.get(f"conversations/{conversation}/messages")["items"][0]["id"]
    return PLAIN | {
        f"#/devices/{quote(device, safe='')}?quantity=battery.power": ".readings-of .table",
        f"#/traffic/{conversation}": ".messages",
        "#/traffic/" + message: ".views",
    }


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1024, 1920])
def test_every_page_is_readable_named_and_fits(
    browser: Browser, house: DemoHouse, session: StorageState, width: int, dark: bool
) -> None:
    found: dict[str, list[str]] = {}
    with visit(browser, house, session=session, width=width, dark=dark, still=True) as window:
        for place, ready in _places(house).items():
            window.turn(place, ready)
            found[place] = faults(window.page)
    assert {place: wrong for place, wrong in found.items() if wrong} == {}


def test_the_login_page_is_readable_named_and_fits(browser: Browser, house: DemoHouse) -> None:
    for width, dark in ((390, False), (390, True), (1920, False)):
        with visit(browser, house, width=width, dark=dark) as window:
            window.page.goto(f"{house.root}/login")
            window.page.wait_for_selector("h1")
            assert faults(window.page) == []


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        ("p.append('grey'); p.style.color = '#999'; p.style.background = '#bbb'", "contrast 1."),
        ("p.append(document.createElement('input'))", "no name: input."),
        ("p.append(document.createElement('h5'))", "heading 5 follows"),
        ("p.style.width = '9000px'; p.append('wide')", "wider than the window"),
        ("p.id = 'main'", "id twice: main"),
    ],
)
def test_the_audit_sees_a_fault_that_was_planted(window: Visit, planted: str, fault: str) -> None:
    _plant(window.page, planted)
    assert any(each.startswith(fault) for each in faults(window.page))


def test_a_keyboard_reaches_the_content_past_the_navigation(window: Visit) -> None:
    window.page.reload()
    window.settle(".device-grid")
    window.page.keyboard.press("Tab")
    focused = "document.activeElement.textContent"
    assert window.page.evaluate(focused) == "Skip to the content"
    window.page.keyboard.press("Enter")
    window.page.keyboard.press("Tab")
    assert window.page.evaluate("document.activeElement.closest('main') !== null")
    outline = window.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_chosen_theme_holds_against_the_system_and_is_remembered(
    browser: Browser, house: DemoHouse, session: StorageState
) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with visit(browser, house, session=session, place="#/devices") as window:
        page = window.page
        light = page.evaluate(ground)
        page.click("#theme")  # from the system's to light
        assert page.evaluate(ground) == light
        page.click("#theme")
        dark = page.evaluate(ground)
        assert dark != light
        page.reload()
        window.settle()
        assert page.evaluate(ground) == dark


def test_an_unknown_page_and_an_unknown_device_say_so_plainly(window: Visit) -> None:
    window.turn("#/nowhere", ".flow-words")
    window.turn("#/devices/alphaess%3ANOBODY", ".empty")
    assert "This could not be shown" in window.page.inner_text("main")
    # The browser itself writes the 404 to the console.
    assert all("404" in each for each in window.complaints)
    window.complaints.clear()


def _plant(page: Page, script: str) -> None:
    page.evaluate(
        "(script) => { const p = document.createElement('p');"
        " document.querySelector('main').append(p); globalThis.p = p; }",
        script,
    )
    page.evaluate(script)
