"""The window's own arithmetic, run in the browser: time in the site's zone, numbers, ticks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import mitmeter.dashboard
from tests.dashboard_browser.visits import Visit

STATIC = Path(mitmeter.dashboard.__file__).with_name("static")
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc"
)


def _in_zone(window: Visit, zone: str, module: str, call: str) -> Any:
    """Return what a call of a module's function gives where the site is in that zone."""
    return window.page.evaluate(
        f"""async ([zone, module]) => {{
          const {{ site }} = await import("/assets/core/site.js");
          const kept = site.timezone;
          site.timezone = zone;
          try {{
            const m = await import(`/assets/${{module}}`);
            return {call};
          }} finally {{
            site.timezone = kept;
          }}
        }}""",
        [zone, module],
    )


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        # London: clocks go forward on 29 March 2026 at 01:00 UTC, back on 25 October at 01:00 UTC.
        ("m.instant(2026, 3, 29)", "2026-03-29T00:00:00.000Z"),
        ("m.instant(2026, 3, 30)", "2026-03-29T23:00:00.000Z"),
        ("m.moved('day', Date.UTC(2026, 2, 29, 12), 1)", "2026-03-29T23:00:00.000Z"),
        ("m.moved('day', Date.UTC(2026, 9, 25, 12), 1)", "2026-10-26T00:00:00.000Z"),
        ("m.startOf('day', Date.UTC(2026, 9, 25, 12))", "2026-10-24T23:00:00.000Z"),
        ("m.startOf('week', Date.UTC(2026, 2, 29, 12))", "2026-03-23T00:00:00.000Z"),
        ("m.startOf('month', Date.UTC(2026, 3, 1, 0))", "2026-03-31T23:00:00.000Z"),
        ("m.moved('month', Date.UTC(2026, 0, 31, 12), 1)", "2026-02-01T00:00:00.000Z"),
        ("m.moved('year', Date.UTC(2026, 6, 1), 1)", "2027-01-01T00:00:00.000Z"),
    ],
)
def test_days_begin_at_the_midnight_of_the_site(window: Visit, call: str, expected: str) -> None:
    got = _in_zone(window, "Europe/London", "words/zone.js", f"new Date({call}).toISOString()")
    assert got == expected


def test_a_day_of_25_hours_has_a_mark_at_each_of_its_hours(window: Visit) -> None:
    call = "m.timeTicks(Date.UTC(2026, 9, 24, 23), Date.UTC(2026, 9, 26, 0), 25).map((t) => t.text)"
    ticks = _in_zone(window, "Europe/London", "parts/ticks.js", call)
    assert ticks[1:4] == ["01:00", "02:00", "03:00"]
    assert len(ticks) == len(set(ticks[:-1])) + 1


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("m.power(312.4).text", "312\xa0W"),
        ("m.power(999.6).text", "1.00\xa0kW"),
        ("m.power(-1234).text", "−1.23\xa0kW"),
        ("m.power(-0.2).text", "0\xa0W"),
        ("m.signedPower(1234).text", "+1.23\xa0kW"),
        ("m.power(null).text", "–"),
        ("m.energy(0.4249).text", "0.42\xa0kWh"),
        ("m.energy(1204.4).text", "1,204\xa0kWh"),
        ("m.energy(12400).text", "12.4\xa0MWh"),
        ("m.money(-0.5, 'GBP')", "−£0.50"),
        ("m.money(3, null)", "3.00"),
        ("m.bytes(999)", "999\xa0B"),
        ("m.bytes(45678901)", "45.7\xa0MB"),
        ("m.measured(3, '')", "3"),
        ("m.measured('on', '')", "on"),
    ],
)
def test_numbers_are_written_for_people(window: Visit, call: str, text: str) -> None:
    assert _in_zone(window, "UTC", "words/numbers.js", call) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0.4\xa0s"),
        (59, "59\xa0s"),
        (90, "2\xa0min"),
        (7500, "2\xa0h 5\xa0min"),
        (172800, "2\xa0days"),
    ],
)
def test_spans_are_written_for_people(window: Visit, seconds: float, text: str) -> None:
    assert _in_zone(window, "UTC", "words/times.js", f"m.span({seconds})") == text


def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(window: Visit) -> None:
    call = "m.csv([['=1+1', 'a,b', 'say \"x\"', null, 1.5]])"
    got = _in_zone(window, "UTC", "parts/save.js", call)
    assert got == '\'=1+1,"a,b","say ""x""",,1.5\r\n'


def test_no_file_of_the_window_can_turn_text_into_markup_or_code() -> None:
    found = {
        str(file.relative_to(STATIC)): FORBIDDEN.findall(file.read_text("utf-8"))
        for file in [*STATIC.rglob("*.js"), *STATIC.rglob("*.html")]
    }
    assert len(found) > 30
    assert {name: words for name, words in found.items() if words} == {}


def test_pages_name_nothing_outside_this_house() -> None:
    for file in [*STATIC.rglob("*.html"), *STATIC.rglob("*.css"), *STATIC.rglob("*.js")]:
        outside = re.findall(
            r"(?:https?:)?//[a-z0-9][a-z0-9.-]*\.[a-z]{2,}", file.read_text("utf-8")
        )
        assert set(outside) <= {"http://www.w3.org"}, file
