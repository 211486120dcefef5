"""A visit with a browser that notes whatever a page should not do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, Request, StorageState

from tests.dashboard_browser.demo_house import DemoHouse

CHROMIUM = "/usr/bin/chromium"
OPTIONS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking")
_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""


@dataclass(slots=True)
class Visit:
    """One page, and what it did that it should not: nothing, it is hoped."""

    page: Page
    root: str
    complaints: list[str] = field(default_factory=list)
    _turns: int = 0

    def open(self, place: str, ready: str = "h1") -> None:
        """Go to a page of the window by its hash and wait until it has something to show."""
        self.page.goto(f"{self.root}/{place}")
        self.settle(ready)

    def turn(self, place: str, ready: str = "h1") -> None:
        """Go to another page without loading the window anew; the same page is opened again."""
        mark = "&" if "?" in place else "?"
        self._turns += 1
        where = f"{place.removeprefix('#')}{mark}turn={self._turns}"
        asked = self.page.evaluate("(to) => { location.hash = to; return location.hash }", where)
        # The page that was there is gone at once, the next one may take a moment.
        self.page.wait_for_function(
            "(to) => document.querySelector('main').dataset.at === to", arg=asked
        )
        self.settle(ready)

    def settle(self, ready: str = "h1") -> None:
        self.page.wait_for_function(
            "() => !document.querySelector('main[aria-busy], main [aria-busy], main .loading')"
        )
        self.page.wait_for_selector(f"main {ready}", state="attached")

    def forget(self) -> None:
        """Hold nothing against the window that was noted so far."""
        self.complaints.clear()
        self.page.evaluate("() => { window.violations = [] }")

    def check(self) -> None:
        """Fail when there was an error, a request that left, or a violated content policy."""
        violations: list[str] = self.page.evaluate("window.violations")
        assert self.complaints + violations == []


@contextlib.contextmanager
def visit(
    browser: Browser,
    house: DemoHouse,
    *,
    width: int = 1280,
    height: int = 900,
    dark: bool = False,
    still: bool = False,
    place: str = "#/now",
    ready: str = "h1",
    session: StorageState | None = None,
) -> Iterator[Visit]:
    """Open a window of that size at a place; at the end everything it did must have been proper.

    session: of `signed_in`; without one nothing is opened.
    """
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if still else "no-preference",
        locale="en-GB",
        timezone_id="America/New_York",
        accept_downloads=True,
        storage_state=session,
    )
    try:
        context.add_init_script(_VIOLATIONS)
        page = context.new_page()
        page.set_default_timeout(15_000)
        made = Visit(page, house.root)
        _listen(made)
        if session is not None:
            made.open(place, ready)
        yield made
        made.check()
    finally:
        context.close()


def signed_in(browser: Browser, house: DemoHouse) -> StorageState:
    """Return what a browser keeps of having opened the printed link."""
    context = browser.new_context()
    try:
        context.new_page().goto(house.link)
        return context.storage_state()
    finally:
        context.close()


def _listen(made: Visit) -> None:
    page, notes = made.page, made.complaints

    def sent(request: Request) -> None:
        if not request.url.startswith((f"{made.root}/", "blob:", "data:")):
            notes.append(f"left the origin: {request.url}")

    page.on("request", sent)
    page.on("pageerror", lambda error: notes.append(f"error: {error}"))
    page.on(
        "console",
        lambda said: notes.append(said.text) if said.type in ("error", "warning") else None,
    )
