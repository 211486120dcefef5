"""Telling a device something from the window: never by one click."""

from __future__ import annotations

from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.dashboard_browser.demo_house import DemoHouse
from tests.dashboard_browser.visits import Visit


def _prepare(window: Visit, house: DemoHouse, command: str, arguments: str = "") -> Page:
    device = house.get("overview")["flow"]["from"]["battery"]
    window.turn(f"#/devices/{quote(device, safe='')}", ".command")
    page = window.page
    if arguments:
        page.fill(f"#command-{command}", arguments)
    page.get_by_role("button", name=f"Prepare “{command}”").click()
    return page


def test_a_command_is_sent_when_its_name_was_typed_and_its_answer_is_shown(
    window: Visit, house: DemoHouse
) -> None:
    page = _prepare(window, house, "sync-time")
    dialog = page.get_by_role("dialog")
    send = dialog.get_by_role("button", name="Send it")
    expect(send).to_be_disabled()
    dialog.get_by_label("To confirm, type sync-time").fill("sync-tim")
    expect(send).to_be_disabled()
    dialog.get_by_label("To confirm, type sync-time").fill("sync-time")
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        send.click()
    expect(dialog).to_have_count(0)
    said = page.locator(".command", has_text="sync-time").locator(".notice")
    expect(said).to_contain_text(answer.value.json()["text"])
    assert answer.value.request.post_data_json == {"name": "sync-time", "arguments": {}}


def test_the_dialog_shows_what_will_be_sent_and_escape_sends_nothing(
    window: Visit, house: DemoHouse
) -> None:
    posted: list[str] = []
    window.page.on(
        "request", lambda sent: posted.append(sent.url) if sent.method == "POST" else None
    )
    page = _prepare(window, house, "charge-from-grid", "from=1 until=5 stop-at=80")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("stop-at")
    expect(dialog).to_contain_text("80")
    for _ in range(6):
        page.keyboard.press("Tab")
        inside = page.evaluate(
            "document.activeElement === document.body"
            " || document.activeElement.closest('dialog') !== null"
        )
        assert inside, "the focus left the dialog"
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert posted == []


def test_arguments_that_are_none_are_refused_before_anything_is_asked(
    window: Visit, house: DemoHouse
) -> None:
    page = _prepare(window, house, "charge-from-grid", "tomorrow please")
    expect(page.locator(".command .notice")).to_have_text(
        "“tomorrow” is not of the form name=value."
    )
    assert page.get_by_role("dialog").count() == 0
