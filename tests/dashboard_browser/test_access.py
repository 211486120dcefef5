"""Getting in and out."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from tests.dashboard_browser.demo_house import DemoHouse
from tests.dashboard_browser.visits import Visit, signed_in, visit


def test_without_a_session_one_is_asked_for_the_token(browser: Browser, house: DemoHouse) -> None:
    with visit(browser, house) as window:
        page = window.page
        page.goto(f"{house.root}/")
        page.wait_for_url("**/login")
        page.get_by_label("Token").fill("not the token")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).not_to_be_empty()
        page.get_by_label("Token").fill(house.token)
        page.get_by_role("button", name="Sign in").click()
        window.settle(".flow-words")
        # The browser itself writes the refusal to the console.
        assert all("401" in each for each in window.complaints)
        window.complaints.clear()


def test_the_token_is_gone_from_the_address_and_hidden_from_scripts(
    browser: Browser, house: DemoHouse
) -> None:
    with visit(browser, house) as window:
        window.page.goto(house.link)
        window.settle()
        assert "token" not in window.page.url
        assert window.page.evaluate("document.cookie") == ""
        assert window.page.evaluate("Object.keys(sessionStorage).length") == 0


def test_signing_out_ends_the_session(browser: Browser, house: DemoHouse) -> None:
    with visit(browser, house, session=signed_in(browser, house)) as window:
        _sign_out(window)


def _sign_out(window: Visit) -> None:
    page = window.page
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")
    page.goto(f"{window.root}/#/devices")
    page.wait_for_url(re.compile("/login"))
    expect(page.get_by_label("Token")).to_be_visible()
