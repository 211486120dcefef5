"""The demo's live screen: newest values with their recent course, and what happened last."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

from rich.text import Text

from mitmeter.cli.narrate import flow, sign
from mitmeter.cli.output import brief_value
from mitmeter.model import Event, Reading, Severity, quantity

# The last ones go first when the window is low.
ROWS = (
    "house.power",
    "pv.power",
    "grid.power",
    "battery.power",
    "battery.soc",
    "grid.import",
    "price.import",
    "gas.volume",
    "grid.export",
    "pv.energy",
    "battery.voltage",
    "grid.voltage.l1",
    "inverter.temperature",
    "radio.rssi",
    "clock.skew",
)
_ALWAYS = 5
# Several devices may measure the same: a row keeps to one of them while it is heard from.
_SILENT = timedelta(minutes=15)
_BARS = "▁▂▃▄▅▆▇█"
_VALUE, _FLOW = 9, 11
_WIDE = 100
_COLUMN_STYLES = ("", "bold", "", "", "dim")
# The title, the status, two headings and the foot.
_FIXED_LINES = 5
_KEPT = 200
_EVENTS = 100
_STYLES = {
    Severity.INFO: "",
    Severity.NOTICE: "bold",
    Severity.WARNING: "yellow",
    Severity.ALARM: "bold red",
}


@dataclass(slots=True)
class _Row:
    """One quantity: its newest reading, and what it was at each tick of the common time axis."""

    reading: Reading | None = None
    course: deque[Decimal | None] = field(default_factory=lambda: deque(maxlen=_KEPT))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the screen shows beside readings and events."""

    now: datetime
    speed: float
    connected: Sequence[str]
    journal_bytes: int
    data: str
    link: str = ""


class Board:
    """What the screen shows, as lines for a window of any size. Knows no terminal and no clock.

    zone: in which times are shown.
    tick: how much time, of the readings' clock, one bar of a course stands for, in seconds.
    """

    def __init__(self, zone: tzinfo, tick: float) -> None:
        self._zone = zone
        self._tick = tick
        self._rows = {name: _Row() for name in ROWS}
        self._events: deque[Event] = deque(maxlen=_EVENTS)
        self._last_tick: int | None = None
        self.readings = 0
        self.happened = 0

    def heard(self, events: Sequence[Event], readings: Sequence[Reading]) -> None:
        """Take what an ingest brought."""
        for event in events:
            if not event.eventid.startswith("mitmeter.conversation."):
                self._events.append(event)
                self.happened += 1
        self.readings += len(readings)
        for reading in readings:
            row = self._rows.get(reading.quantity)
            if row is None or not isinstance(reading.value, Decimal):
                continue
            if row.reading is None or _replaces(reading, row.reading):
                row.reading = reading

    def advance(self, now: datetime) -> None:
        """Move the courses on to `now`: every quantity gets one bar per tick, new or not."""
        tick = int(now.timestamp() // self._tick)
        ticks = 1 if self._last_tick is None else min(tick - self._last_tick, _KEPT)
        if ticks <= 0:
            return
        self._last_tick = tick
        for row in self._rows.values():
            value = None if row.reading is None else row.reading.value
            held = value if isinstance(value, Decimal) else None
            row.course.extend([held] * ticks)

    # --- the screen -------------------------------------------------------------------------------

    def screen(self, width: int, height: int, around: Surroundings) -> Text:
        """Return exactly as many lines as the window has, none wider than it."""
        room = height - _FIXED_LINES - bool(around.link)
        names = self._names(max(_ALWAYS, room - max(3, room // 3)))
        rows = [self._values(name, width >= _WIDE) for name in names]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        at = sum(widths) + len(widths) + 1
        lines = [
            self._title(width),
            self._status(around),
            *([Text(f" {around.link}", style="bold")] if around.link else []),
            _rule("now", width, f"course, {_span(self._tick)} a bar", at),
            *(
                self._line(name, row, widths, width - at - 1)
                for name, row in zip(names, rows, strict=True)
            ),
            _rule("what happened", width),
        ]
        left = max(0, height - len(lines) - 1)
        lines += [self._event(event) for event in list(self._events)[-left:]] if left else []
        lines = lines[: height - 1]
        lines += [Text()] * (height - len(lines) - 1)
        lines.append(Text(f" {self._foot(around)}", style="dim"))
        for line in lines:
            line.truncate(width, overflow="ellipsis")
        return Text("\n").join(lines)

    def _names(self, most: int) -> list[str]:
        """Return the quantities to show: those that are known, and always the first few."""
        known = [
            name
            for index, name in enumerate(ROWS)
            if index < _ALWAYS or self._rows[name].reading is not None
        ]
        return known[:most]

    def _title(self, width: int) -> Text:
        # The notice comes first: what a narrow window cuts off is the rest.
        title = " all data is simulated · mitmeter demo: devices and the traps they report to"
        return Text(f"{title:{width}}", style="reverse bold")

    def _status(self, around: Surroundings) -> Text:
        at = around.now.astimezone(self._zone)
        who = ", ".join(device.partition(":")[0] for device in around.connected) or "nobody yet"
        return Text(f" {at:%a %d %b %H:%M:%S}, {around.speed:g} times faster · connected: {who}")

    def _foot(self, around: Surroundings) -> str:
        size = f"{around.journal_bytes / 1000:,.0f} kB journal"
        return f"Ctrl-C ends the demo · {self.readings:,} readings · {size} · {around.data}"

    def _values(self, name: str, wide: bool) -> tuple[str, ...]:
        """Return name, value, unit, direction and, where there is room, who measured it."""
        reading = self._rows[name].reading
        unit = quantity(name).unit.removeprefix("currency")
        if reading is None:
            return name, f"{'…':>{_VALUE}}", unit, f"{'':{_FLOW}}", ""
        who = reading.device.protocol if wide else ""
        return name, f"{brief_value(reading):>{_VALUE}}", unit, f"{flow(reading):{_FLOW}}", who

    def _line(self, name: str, cells: Sequence[str], widths: Sequence[int], room: int) -> Text:
        text = Text()
        for cell, wide, style in zip(cells, widths, _COLUMN_STYLES, strict=True):
            text.append(f" {cell:{wide}}", style=style)
        course = list(self._rows[name].course)
        return text.append(" " + bars(course[-room:] if room > 0 else ()), style="cyan")

    def _event(self, event: Event) -> Text:
        at = event.at.astimezone(self._zone)
        text = f" {at:%H:%M:%S}  {sign(event.severity)}{event.message}"
        return Text(text, style=_STYLES[event.severity])


def _rule(left: str, width: int, right: str = "", at: int = 0) -> Text:
    """Return a line across the window with a heading, and another from column `at` on."""
    text = f"── {left} "
    if right:
        text = f"{text:─<{at - 1}} {right} "
    return Text(f"{text:─<{width}}", style="dim")


def bars(course: Sequence[Decimal | None]) -> str:
    """Return a value's course as a row of bars, lowest to highest of what is shown.

    None, where the value was not known yet, is a blank.
    """
    known = [value for value in course if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    top = len(_BARS) - 1
    return "".join(
        " " if value is None else _BARS[int((value - low) / span * top) if span else 0]
        for value in course
    )


def _replaces(new: Reading, old: Reading) -> bool:
    if new.device != old.device:
        return _at(new) - _at(old) > _SILENT
    return _at(new) >= _at(old)


def _at(reading: Reading) -> datetime:
    return reading.at or reading.received


def _span(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"
