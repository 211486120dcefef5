"""The page Traffic: from a list of conversations to the bytes of one message, and back."""

from __future__ import annotations

import re
import socket

from playwright.sync_api import expect

from tests.dashboard_browser.demo_house import DemoHouse
from tests.dashboard_browser.visits import Visit
from tests.system.processes import poll

# The first eight bytes are taken for a header and told apart.
HOSTILE = b'whatever<img src=x onerror="document.title=1"><script>document.title=2</script>\r\n\r\n'


def _battery(house: DemoHouse) -> str:
    found = house.get("conversations?station=battery")["items"][0]["id"]
    assert isinstance(found, str)
    return found


def test_a_filter_leaves_only_conversations_of_that_station(window: Visit) -> None:
    window.turn("#/traffic", ".table tbody tr")
    with window.page.expect_response(re.compile("conversations[?]station=display")):
        window.page.get_by_label("Station").select_option("display")
    window.page.wait_for_function(
        "() => [...document.querySelectorAll('main tbody tr a')]"
        ".every((row) => row.textContent.startsWith('display'))"
    )
    assert window.page.locator("main tbody tr").count() >= 1
    assert "station=display" in window.page.url


def test_messages_are_filtered_by_text_and_side(window: Visit, house: DemoHouse) -> None:
    window.turn(f"#/traffic/{_battery(house)}", ".messages li")
    page = window.page
    page.get_by_label("From", exact=True).select_option("headend")
    page.wait_for_function(
        "() => document.querySelector('.messages li') !== null"
        " && document.querySelector('.messages .from-device') === null"
    )
    page.get_by_label("Find").fill("no such words anywhere")
    expect(page.locator(".message-list")).to_contain_text("No such message")


def test_a_message_shows_bytes_text_and_meaning_side_by_side(
    window: Visit, house: DemoHouse
) -> None:
    conversation = _battery(house)
    listed = house.get(f"conversations/{conversation}/messages")["items"]
    message = next(one for one in listed if one["readings"] > 3)
    told = house.get(f"messages/{message['id']}")
    window.turn(f"#/traffic/{message['id']}", ".views")
    page = window.page
    first = bytes.fromhex(told["raw_hex"])[:8].hex(" ")
    assert page.inner_text(".view-hex pre").startswith(f"0000  {first}  ")
    expect(page.locator(".view-tree")).not_to_contain_text("Nothing here is understood")
    expect(page.locator("article .table tbody tr")).to_have_count(len(told["readings"]))


def test_a_reading_leads_to_its_message_and_the_message_to_the_reading(
    window: Visit, house: DemoHouse
) -> None:
    conversation = _battery(house)
    listed = house.get(f"conversations/{conversation}/messages")["items"]
    message = next(one for one in listed if one["readings"] > 3)
    window.turn(f"#/traffic/{message['id']}", ".views")
    page = window.page
    page.get_by_role("link", name="State of charge").click()
    window.settle(".readings-of .table")
    expect(page.locator(".readings-of")).to_contain_text("State of charge")
    page.locator(".readings-of").get_by_role("link", name=re.compile("^message")).first.click()
    window.settle(".views")
    expect(page.get_by_role("table", name="Readings taken from this message")).to_contain_text(
        "State of charge"
    )


def test_a_new_message_appears_while_one_looks(window: Visit, house: DemoHouse) -> None:
    window.turn(f"#/traffic/{_battery(house)}", ".messages li")
    expect(window.page.locator(".messages .fresh").first).to_be_attached()


def test_a_conversation_is_saved_for_wireshark(window: Visit, house: DemoHouse) -> None:
    window.turn(f"#/traffic/{_battery(house)}", ".messages li")
    with window.page.expect_download() as saved:
        window.page.get_by_role("link", name="For Wireshark (pcapng)").click()
    with open(saved.value.path(), "rb") as file:
        assert file.read(4) == b"\x0a\x0d\x0d\x0a"  # pcapng's section header block


def test_markup_from_a_peer_is_shown_and_never_becomes_markup(
    window: Visit, house: DemoHouse
) -> None:
    with socket.create_connection(house.station("battery"), timeout=10) as stranger:
        stranger.sendall(HOSTILE)
    known = {"id": ""}

    def arrived() -> bool:
        for one in house.get("conversations?station=battery")["items"]:
            if one["device_bytes"] == len(HOSTILE) and one["closed"]:
                known.update(one)
        return bool(known["id"])

    poll(arrived, "the stranger's bytes were not recorded")
    window.turn(f"#/traffic/{known['id']}?verdict=undecodable", ".messages li")
    window.page.locator(".messages a").first.click()
    window.settle(".views")
    expect(window.page.locator(".view-text")).to_contain_text("<img src=x onerror=")
    assert window.page.locator("main img, main script").count() == 0
    assert window.page.title() == "Conversation – mitmeter"
