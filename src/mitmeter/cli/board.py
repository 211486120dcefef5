"""The demo's live table: newest values with their recent course, and what happened last."""

from __future__ import annotations

import asyncio
from collections import deque
from decimal import Decimal
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mitmeter.cli.narrate import Narrator
from mitmeter.cli.output import value_text
from mitmeter.daemon.supervisor import Daemon
from mitmeter.model import Event, Reading, Severity, quantity

_ROWS = (
    "house.power",
    "pv.power",
    "grid.power",
    "battery.power",
    "battery.soc",
    "battery.voltage",
    "battery.cell.temperature.high",
    "grid.voltage.l1",
    "grid.import",
    "grid.export",
    "pv.energy",
    "clock.skew",
)
_BARS = "▁▂▃▄▅▆▇█"
_KEPT = 48
_EVENTS = 8
_STYLES = {
    Severity.INFO: "",
    Severity.NOTICE: "bold",
    Severity.WARNING: "yellow",
    Severity.ALARM: "bold red",
}


class Board:
    """Listens to a daemon's ingest and shows it, as a live screen or as lines."""

    def __init__(self, daemon: Daemon, data: Path) -> None:
        self._daemon = daemon
        self._data = data
        self._newest: dict[str, Reading] = {}
        self._course: dict[str, deque[Decimal]] = {}
        self._events: deque[Event] = deque(maxlen=_EVENTS)
        self._count = 0
        if daemon.ingest is not None:
            daemon.ingest.listeners.append(self._heard)

    async def live(self, ending: asyncio.Task[bool], seconds: float | None) -> None:
        """Redraw four times a second until `ending` is done or the time is over."""
        loop = asyncio.get_running_loop()
        until = None if seconds is None else loop.time() + seconds
        with Live(self._screen(), console=Console(), auto_refresh=False, screen=True) as live:
            while not ending.done() and (until is None or loop.time() < until):
                await asyncio.wait({ending}, timeout=0.25)
                live.update(self._screen(), refresh=True)

    async def lines(self, ending: asyncio.Task[bool], seconds: float | None) -> None:
        """Print what comes as lines, for pipes and logs."""
        say = Narrator(lambda text: print(text, flush=True))
        if self._daemon.ingest is not None:
            self._daemon.ingest.listeners.append(say.heard)
        print(f"simulated battery → {self._daemon.stations[0].where}; all data is simulated")
        await asyncio.wait({ending}, timeout=seconds)

    def _heard(self, events: list[Event], readings: list[Reading]) -> None:
        self._events.extend(
            event for event in events if not event.eventid.startswith("mitmeter.conversation.")
        )
        self._count += len(readings)
        for reading in readings:
            if reading.quantity in _ROWS and isinstance(reading.value, Decimal):
                held = self._newest.get(reading.quantity)
                if held is None or (held.at or held.received) <= (reading.at or reading.received):
                    self._newest[reading.quantity] = reading
                    course = self._course.setdefault(reading.quantity, deque(maxlen=_KEPT))
                    course.append(reading.value)

    def _screen(self) -> RenderableType:
        values = Table(box=None, expand=True, header_style="bold", pad_edge=False)
        values.add_column("quantity", no_wrap=True)
        values.add_column("now", justify="right", no_wrap=True)
        values.add_column("unit", no_wrap=True)
        values.add_column("course", no_wrap=True, ratio=1)
        for name in _ROWS:
            reading = self._newest.get(name)
            known = quantity(name)
            shown = "…" if reading is None else value_text(reading.value)
            values.add_row(name, shown, known.unit, bars(self._course.get(name, deque())))
        events = Table(box=None, expand=True, show_header=False, pad_edge=False)
        events.add_column(no_wrap=True, width=8)
        events.add_column(ratio=1, overflow="ellipsis", no_wrap=True)
        for event in self._events:
            style = _STYLES[event.severity]
            events.add_row(f"{event.at:%H:%M:%S}", Text(event.message, style=style))
        status = self._daemon.status()
        clock = f"{self._daemon.clock.now():%Y-%m-%d %H:%M:%S} UTC"
        speed = f"time runs {self._daemon.clock.speed:g} times faster"
        who = ", ".join(status["devices"]) or "nobody yet"
        foot = (
            f"{clock}, {speed} · trap on {self._daemon.stations[0].where}, connected: {who}\n"
            f"{self._count} readings · journal at {status['journal']['synced']} · "
            f"data in {self._data}"
        )
        return Group(
            Panel(values, title="mitmeter demo: a simulated battery, seen by a real trap"),
            Panel(events, title="what happened"),
            Text(foot, style="dim"),
            Text("all data here is simulated · Ctrl-C ends the demo", style="bold"),
        )


def bars(course: deque[Decimal]) -> str:
    """Return the course of a value as a row of bars, lowest to highest of what is shown."""
    if len(course) < 2:
        return ""
    low, high = min(course), max(course)
    span = high - low
    if not span:
        return _BARS[0] * len(course)
    top = len(_BARS) - 1
    return "".join(_BARS[int((value - low) / span * top)] for value in course)
