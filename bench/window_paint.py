"""The dashboard in headless Chromium: first paint, all there, and a live value on the screen."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.report import Report
from bench.window_live import battery, tell

_CHROMIUM = "/usr/bin/chromium"
_OPTIONS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking")
_AIM_MS = 1_000.0
_PATIENCE_MS = 30_000
_VALUES = 3
_PAUSE_MS = 600
_BETWEEN = (
    "The first visit also fetches and compiles the pages' code; the browser shares the cores."
)
_PAINTED = """() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"""
_READY = """() => {
  const main = document.querySelector('main');
  return main && main.querySelector('h1') && !main.matches('[aria-busy]')
    && !main.querySelector('[aria-busy], .loading') && performance.now();
}"""
_WATCH = """() => {
  window.changes = [];
  const value = document.querySelector('.flow-grid .flow-value');
  new MutationObserver(() => window.changes.push(Date.now()))
    .observe(value, { childList: true, characterData: true, subtree: true });
}"""


def paint(report: Report, web: int, token: str, places: dict[str, str], trap: int) -> None:
    """Open each page in a browser that has seen none of it, and again in one that has."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        report.say("pages in Chromium", "not measured: playwright is not installed")
        return
    if not Path(_CHROMIUM).exists():
        report.say("pages in Chromium", f"not measured: there is no {_CHROMIUM}")
        return
    root = f"http://127.0.0.1:{web}"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_OPTIONS))
        try:
            context = chromium.new_context()
            context.new_page().goto(f"{root}/?token={token}")
            session = context.storage_state()
            context.close()
            for what, place in places.items():
                context = chromium.new_context(storage_state=session, locale="en-GB")
                _open(report, context, what, f"{root}/{place}")
                context.close()
            context = chromium.new_context(storage_state=session, locale="en-GB")
            _on_screen(report, context, f"{root}/#/now", trap)
        finally:
            chromium.close()


def _open(report: Report, context: Any, what: str, address: str) -> None:
    page = context.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    page.goto(address)
    ready = _wait(page, _READY)
    first = _wait(page, _PAINTED)
    page.reload()
    again_ready = _wait(page, _READY)
    again = _wait(page, _PAINTED)
    report.aim(
        f"page {what}",
        first,
        _AIM_MS,
        "ms",
        more=False,
        shown=(
            f"first paint {first:4.0f} ms, all there {ready:5.0f} ms; again {again:4.0f} ms, "
            f"{again_ready:5.0f} ms"
        ),
        between=_BETWEEN,
    )


def _wait(page: Any, condition: str) -> float:
    return float(page.wait_for_function(condition).json_value())


def _on_screen(report: Report, context: Any, address: str, trap: int) -> None:
    """Let a battery tell something while the page Now is open, and see when it is shown."""
    page = context.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    page.goto(address)
    _wait(page, _READY)
    took = []
    with battery(trap) as wire:
        tell(wire)  # the battery is known from here on
        page.wait_for_timeout(_PAUSE_MS)
        page.evaluate(_WATCH)
        for _ in range(_VALUES):
            page.evaluate("() => { window.changes.length = 0 }")
            sent = time.time() * 1e3
            tell(wire)
            took.append(_wait(page, "() => window.changes[0]") - sent)
            page.wait_for_timeout(_PAUSE_MS)
    report.say(
        "a value, from the socket to the screen",
        f"{median(took):6.0f} ms (median of {_VALUES}), {max(took):.0f} ms (longest)",
    )
