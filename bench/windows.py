"""The dashboard over years of data: its API, its memory, its pages in a browser, live values.

Sixteen series of `--years` (1 unless given), a reading each `--step` seconds (900 unless given: one
for each quarter of an hour, so that there are as many roll-ups as there would be of more) and every
ten seconds in the last two days. Ten years of ten seconds are `--years 10 --step 10`: half a
billion readings, most of an hour to bring them in.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from bench.daemons import Running, free_port, listening
from bench.places import folder
from bench.report import Report
from bench.window_live import live
from bench.window_paint import paint
from bench.years import BATTERY, SERIES, fill

_YEARS = float(os.environ.get("MITMETER_BENCH_YEARS", "1"))
_STEP = int(float(os.environ.get("MITMETER_BENCH_STEP", "900")))
_FINE_DAYS = 2
_AIM_MS = 150.0
_BETWEEN = "The server sums up what of the span is not in days, and turns the rest into JSON."
_ZONE = ZoneInfo("Europe/London")
_POWERS = ("house.power", "pv.power", "grid.power", "battery.power")
_POINTS = 700
_WARM = 7
_CONFIG = """
[site]
timezone = "Europe/London"
[web]
listen = "tcp://127.0.0.1:{web}"
[[station]]
name = "battery"
role = "trap"
protocol = "alphaess"
listen = "tcp://127.0.0.1:{trap}"
"""


@dataclass(frozen=True, slots=True)
class Window:
    """A daemon that serves a dashboard, and how to get at it."""

    running: Running
    web: int
    token: str

    def get(self, path: str) -> float:
        """Return the seconds an answer took. Raises SystemExit for any but a good one."""
        began = time.perf_counter()
        line = http.client.HTTPConnection("127.0.0.1", self.web, timeout=60)
        with contextlib.closing(line):
            line.request("GET", path, headers=self.headers)
            answer = line.getresponse()
            body = answer.read()
        took = time.perf_counter() - began
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {body[:200]!r}")
        return took

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept-Encoding": "gzip"}


def run(report: Report) -> None:
    report.part(
        f"Dashboard: {_YEARS:g} years of {SERIES} series, a reading each {_STEP} s, each 10 s in "
        f"the last {_FINE_DAYS} days"
    )
    with folder() as place:
        data = place / "data"
        data.mkdir()
        store = data / "store.db"
        began, end = time.perf_counter(), datetime.now(UTC).replace(microsecond=0)
        total = fill(store, end, _YEARS, _STEP, _FINE_DAYS)
        took = time.perf_counter() - began
        report.say(
            "brought in, roll-ups and all",
            f"{total:,} readings, {total / took:,.0f} readings/s; store {_size(store)}",
        )
        with served(place, data) as window:
            idle = window.running.resident()
            _views(report, window, store)
            report.say(
                "memory while serving",
                f"{window.running.resident() / 1e6:6.1f} MB, before the first view "
                f"{idle / 1e6:.1f} MB",
            )
            paint(report, window.web, window.token, _places(end), window.running.port)
            live(report, window.web, window.headers, window.running.port)


def _size(store: Path) -> str:
    return f"{store.stat().st_size / 1e6:,.0f} MB"


@contextlib.contextmanager
def served(place: Path, data: Path) -> Iterator[Window]:
    """Run `mitmeter run` with a dashboard and a trap over a data directory."""
    web, trap = free_port(), free_port()
    config = place / "mitmeter.toml"
    config.write_text(_CONFIG.format(web=web, trap=trap), "utf-8")
    with listening(["-q", "--data", str(data), "run", "-c", str(config)], web, data) as running:
        token = (data / "web-token").read_text("utf-8").strip()
        yield Window(Running(running.process, trap, data, running.seconds), web, token)


def _views(report: Report, window: Window, store: Path) -> None:
    """Time what each view of History asks for, and Now: the lines and the bars."""
    for what, days, every in (
        ("a day", 1, "1h"),
        ("a week", 7, "1d"),
        ("a month", 31, "1d"),
        ("a year", 366, "1mo"),
        ("ten years", 3_653, "1y"),
    ):
        slowest, shown = 0.0, []
        for kind in ("history", "intervals"):
            cold, warm = _timed(window, store, kind, days, every)
            slowest = max(slowest, warm)
            name = "lines" if kind == "history" else f"bars each {every}"
            shown.append(f"{name} {cold:6.1f} ms cold, {warm:6.1f} ms warm")
        report.aim(
            f"History, {what}",
            slowest,
            _AIM_MS,
            "ms",
            more=False,
            shown="; ".join(shown),
            between=_BETWEEN,
        )
    for path, what in (("overview", "Now"), ("devices", "Devices"), ("health", "Health")):
        took = [window.get(f"/api/v1/{path}") * 1e3 for _ in range(_WARM)]
        report.aim(
            what,
            median(took),
            _AIM_MS,
            "ms",
            more=False,
            shown=f"{took[0]:6.1f} ms at first, then {median(took[1:]):6.1f} ms",
            between=_BETWEEN,
        )


def _timed(window: Window, store: Path, kind: str, days: int, every: str) -> tuple[float, float]:
    """Return the milliseconds of the first answer, from the disk, and the median of later ones.

    Every one is of another second, so that no answer is one that was kept.
    """
    _forget(store)
    until = datetime.now(UTC).replace(microsecond=0)
    took = [
        window.get(_asked(kind, until - timedelta(seconds=number), days, every)) * 1e3
        for number in range(1 + _WARM)
    ]
    return took[0], median(took[1:])


def _asked(kind: str, until: datetime, days: int, every: str) -> str:
    since = until - timedelta(days=days)
    span = [("since", _text(since)), ("until", _text(until))]
    if kind == "history":
        series = [("series", f"{BATTERY}|{name}") for name in _POWERS]
        return f"/api/v1/history?{urlencode([*series, *span, ('points', str(_POINTS))])}"
    return f"/api/v1/intervals?{urlencode([('every', every), *span])}"


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _forget(store: Path) -> None:
    """Have the system forget what it keeps of the store in memory."""
    handle = os.open(store, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def _places(end: datetime) -> dict[str, str]:
    """Return the pages to be painted, by their names: where each is."""
    today = end.astimezone(_ZONE).date()
    since = today - timedelta(days=int(365 * _YEARS))
    return {
        "Now": "#/now",
        **{f"History, a {each}": f"#/history?period={each}" for each in ("day", "week", "month")},
        "History, a year": "#/history?period=year",
        "History, all of it": f"#/history?period=custom&at={since}&to={today}",
        "Traffic": "#/traffic",
    }
