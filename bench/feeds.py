"""Sinks: how fast a backlog goes through each into its real server, and after the server was gone.

The daemon is the real one, over a store that is ahead of its sinks by a few days of sixteen series.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from bench.daemons import Running, free_port, listening
from bench.places import folder
from bench.report import Report
from bench.years import fill
from mitmeter.errors import SinkError, StoreError
from mitmeter.sinks.status import SinkStatus, State, recorded
from mitmeter.store import Store

AIM = 100_000
_DAYS = 3
_COARSE = 10
_PATIENCE = 60.0
_GONE_SECONDS = 1.0
_UNSEEN_SECONDS = 15.0
_SITE = "bench"
_BETWEEN = "Each reading is read from SQLite and becomes a line of text, in Python, on one core."
_CONFIG = """
[site]
id = "{site}"
timezone = "UTC"
[web]
enabled = false
[[station]]
name = "battery"
role = "trap"
protocol = "alphaess"
listen = "tcp://127.0.0.1:{port}"
[sink.{kind}]
every = "1s"
{keys}
"""


@dataclass(slots=True)
class Feed:
    """A daemon that feeds one sink."""

    running: Running
    store: Path
    state: Path

    def now(self) -> SinkStatus | None:
        """Return how the sink is, None before it has said anything."""
        with contextlib.suppress(SinkError, StoreError), Store.open(self.store, True) as store:
            return recorded(self.state, store, datetime.now(UTC))
        return None

    def until(self, reached: Callable[[SinkStatus], bool]) -> SinkStatus:
        """Wait until the sink is so far. Raises SystemExit when it never is."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            found = self.now()
            if found is not None and reached(found):
                return found
            time.sleep(0.02)
        raise SystemExit(f"the sink came to a halt: {self.now()}")


def run(report: Report) -> None:
    report.part("Sinks: a backlog goes to its server (the server has the other core)")
    with folder() as place:
        end = datetime.now(UTC).replace(microsecond=0)
        ahead = place / "ahead.db"
        count = fill(ahead, end, _DAYS / 365, _COARSE, 0)
        _file(report, place, ahead, count)
        if shutil.which("victoria-metrics"):
            _victoria(report, place, ahead, count, end)
        else:
            report.say("VictoriaMetrics", "not measured: it is not installed")
        if shutil.which("mosquitto"):
            _mosquitto(report, place, end)
        else:
            report.say("MQTT", "not measured: mosquitto is not installed")


@contextlib.contextmanager
def feeding(place: Path, kind: str, keys: str, store: Path) -> Iterator[Feed]:
    """Run `mitmeter run` with one sink over a copy of a store, new unless it is there already."""
    # The station listens right before the sinks begin.
    port, data = free_port(), place / kind
    if not data.exists():
        data.mkdir()
        shutil.copyfile(store, data / "store.db")
    config = place / f"{kind}.toml"
    config.write_text(_CONFIG.format(site=_SITE, port=port, kind=kind, keys=keys), "utf-8")
    with listening(["-q", "--data", str(data), "run", "-c", str(config)], port, data) as running:
        yield Feed(running, data / "store.db", data / "sinks" / f"{kind}.db")


def _done(status: SinkStatus) -> bool:
    return status.behind == 0 and status.sent > 0


def _timed(feed: Feed) -> tuple[float, float]:
    """Return the seconds until all is delivered, and the processor seconds that took us."""
    began, before = time.perf_counter(), feed.running.cpu()
    feed.until(_done)
    return time.perf_counter() - began, feed.running.cpu() - before


def _file(report: Report, place: Path, ahead: Path, count: int) -> None:
    keys = (
        f'path = "{place / "readings.jsonl"}"\nreadings = true\nevents = false\n'
        'batch = 5000\nmax_size = "10GB"'
    )
    with feeding(place, "file", keys, ahead) as feed:
        seconds, used = _timed(feed)
    with (place / "readings.jsonl").open("rb") as lines:
        held = sum(1 for _ in lines)
    _missing("the file", held, count)
    report.say(
        f"file, JSON Lines, {count:,} readings",
        f"{count / seconds:9,.0f} readings/s, {used / count * 1e6:4.1f} µs of our processor each",
    )


# --- VictoriaMetrics ---


@contextlib.contextmanager
def _victoria_running(place: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [
            "victoria-metrics",
            f"-httpListenAddr=127.0.0.1:{port}",
            f"-storageDataPath={place / 'victoria'}",
            "-dedup.minScrapeInterval=1ms",
            "-retentionPeriod=1y",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(port)
        yield process
    finally:
        process.kill()
        process.wait()


def _victoria(report: Report, place: Path, ahead: Path, count: int, end: datetime) -> None:
    port = free_port()
    keys = f'url = "http://127.0.0.1:{port}"'
    with _victoria_running(place, port), feeding(place, "victoriametrics", keys, ahead) as feed:
        seconds, used = _timed(feed)
        _missing("VictoriaMetrics", _held_soon(port, end, count), count)
    report.aim(
        f"VictoriaMetrics, {count:,} readings",
        count / seconds,
        AIM,
        "readings/s",
        more=True,
        shown=f"{count / seconds:9,.0f} readings/s, {used / count * 1e6:4.1f} µs of our "
        "processor each",
        between=_BETWEEN,
    )
    shutil.rmtree(place / "victoria")
    shutil.rmtree(place / "victoriametrics")
    with contextlib.ExitStack() as later:
        running = later.enter_context(_victoria_running(place, port))
        with feeding(place, "victoriametrics", keys, ahead) as feed:
            feed.until(lambda status: status.sent > count / 5)
            running.kill()
            running.wait()
            time.sleep(_GONE_SECONDS)
            before = feed.until(lambda status: True)
            if not before.behind:
                report.say("the same with an outage", "not measured: it had all before it came")
                return
            with _victoria_running(place, port):
                began = time.perf_counter()
                sent = feed.until(_done).sent - before.sent
                took = time.perf_counter() - began
                held = _held_soon(port, end, count)
    report.say(
        f"the same, killed on the way and gone for {_GONE_SECONDS:g} s",
        f"{sent / took:9,.0f} readings/s from its return on, {took:.1f} s; {sent:,} sent, what it "
        f"may have lost among them; it holds {'all' if held == count else f'only {held:,}'}",
    )


def _held_soon(port: int, end: datetime, count: int) -> int:
    """Return how many readings the server holds, once it is all, else after a while: what was just
    written may stay unseen for some seconds.
    """
    until = time.monotonic() + _UNSEEN_SECONDS
    while (held := _held(port, end)) != count and time.monotonic() < until:
        time.sleep(0.5)
    return held


def _held(port: int, end: datetime) -> int:
    """Return how many readings the server holds."""
    root = f"http://127.0.0.1:{port}"
    urllib.request.urlopen(f"{root}/internal/force_flush").read()
    query = urlencode(
        {
            "query": f'sum(count_over_time({{site="{_SITE}"}}[{_DAYS + 1}d]))',
            "time": str((end + timedelta(hours=1)).timestamp()),
            "nocache": "1",
        }
    )
    with urllib.request.urlopen(f"{root}/api/v1/query?{query}") as answer:
        found = json.load(answer)["data"]["result"]
    return int(found[0]["value"][1]) if found else 0


# --- MQTT ---


def _mosquitto(report: Report, place: Path, end: datetime) -> None:
    port = free_port()
    settings = place / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n", "utf-8")
    broker = subprocess.Popen(
        ["mosquitto", "-c", str(settings)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    keys = f'url = "mqtt://127.0.0.1:{port}"'
    first = place / "first.db"
    fill(first, end - timedelta(days=_DAYS), 1 / 24 / 365, _COARSE, 0)
    try:
        _wait_for(port)
        # A new sink begins with what is newest: so it is set up, and the backlog comes after that.
        with feeding(place, "mqtt", keys, first) as feed:
            feed.until(lambda status: status.state is State.LIVE and not status.behind)
        count = fill(place / "mqtt" / "store.db", end, _DAYS / 365, _COARSE, 0)
        with feeding(place, "mqtt", keys, first) as feed:
            began, before = time.perf_counter(), feed.running.cpu()
            feed.until(lambda status: not status.behind)
            seconds, used = time.perf_counter() - began, feed.running.cpu() - before
    finally:
        broker.kill()
        broker.wait()
    report.say(
        f"MQTT, {count:,} readings walked through to the newest",
        f"{count / seconds:9,.0f} readings/s, {used / count * 1e6:4.1f} µs of our processor each",
    )


def _missing(where: str, held: int, count: int) -> None:
    if held != count:
        raise SystemExit(f"{where} holds {held:,} readings of {count:,}")


def _wait_for(port: int) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.02)
    raise SystemExit(f"nobody listens at port {port}")
