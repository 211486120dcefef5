"""One demo and one browser for all tests of the window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, StorageState, sync_playwright

from tests.dashboard_browser.demo_house import DemoHouse, demo_house
from tests.dashboard_browser.visits import CHROMIUM, OPTIONS, Visit, signed_in, visit


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoHouse]:
    with demo_house(tmp_path_factory.mktemp("window")) as made:
        yield made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def session(browser: Browser, house: DemoHouse) -> StorageState:
    """What a signed-in browser keeps."""
    return signed_in(browser, house)


@pytest.fixture(scope="session")
def _shared(browser: Browser, house: DemoHouse, session: StorageState) -> Iterator[Visit]:
    with visit(browser, house, session=session, place="#/devices") as made:
        yield made


@pytest.fixture
def window(_shared: Visit) -> Iterator[Visit]:
    """A signed-in window 1280 pixels wide, on the lightest of the pages.

    All tests look through one window, as loading it takes longer than most of them; each opens its
    page anew and answers for its own faults.
    """
    if _shared.page.locator("dialog").count():
        _shared.page.reload()
    _shared.turn("#/devices", ".device-grid")
    try:
        yield _shared
        _shared.check()
    finally:
        _shared.forget()
