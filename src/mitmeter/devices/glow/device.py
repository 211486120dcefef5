"""A Glow display as a party: reports every few seconds, tells its tariff when asked.

What it says comes from the simulated house. It says one thing at a time and waits for the answer;
what a real one does when none comes is unknown [U], this one gives up the connection [A].
Source: fact sheet §5.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b

from mitmeter.devices.glow.device_gas import GasMeter
from mitmeter.devices.glow.device_meters import ElectricityMeter, read_gas
from mitmeter.devices.glow.device_persona import Quirk, Rate, read_persona
from mitmeter.devices.glow.device_words import meter_report, prices
from mitmeter.devices.glow.happenings import CURRENT_PRICE
from mitmeter.devices.glow.identity import header
from mitmeter.devices.glow.messages import Message, Reply
from mitmeter.errors import ConfigError
from mitmeter.protocol import (
    Action,
    Answer,
    Close,
    Command,
    DeviceContext,
    Send,
    SetTimer,
    Undecodable,
)

ANSWER_SECONDS = 10.0
# A tariff follows the wish for it by about this much, and comes by itself this long after the start
# [A].
PRICE_AFTER = timedelta(seconds=1)
FIRST_PRICE_AFTER = timedelta(seconds=20)

Act = Action[Message]


class Display:
    """One display, for as many connections as it makes, one after the other.

    With `context.frozen_at` every value and every time it tells is that instant's, only timers run
    on. For options see `read_persona`; `offset_seconds` in addition makes its clock wrong, and
    `tariff=house` makes it tell the house's prices, anew whenever they change, and not its
    persona's.
    """

    def __init__(self, context: DeviceContext) -> None:
        self._context = context
        self._persona = read_persona(context.persona, context.options)
        self._offset = timedelta(seconds=_seconds(context))
        electricity, gas = self._persona.electricity, self._persona.gas
        house = context.house
        self._electricity = ElectricityMeter(house, electricity.begin, electricity.begin_export)
        self._gas: GasMeter | None = None
        if gas is not None:
            self._gas = GasMeter(house, gas.begin)
        self._follows = _follows(context)
        self._told: Rate | None = None
        self._booted: datetime | None = None
        self._reports = 0
        self._report_due: datetime | None = None
        self._price_due: datetime | None = None
        self._waits = False

    # --- the party -----------------------------------------------------------------------------

    def opened(self, now: datetime) -> Iterable[Act]:
        self._waits = False
        if self._booted is None:
            self._booted = now
            self._report_due = now
            self._price_due = now + FIRST_PRICE_AFTER
        return self._next(now)

    def received(self, message: Message, now: datetime) -> Iterable[Act]:
        if not isinstance(message, Reply) or message.status < 200 or not self._waits:
            return ()
        self._waits = False
        if message.status == 200 and message.body == CURRENT_PRICE:
            soon = now + PRICE_AFTER
            self._price_due = soon if self._price_due is None else min(soon, self._price_due)
        if not self._persona.keeps_alive:
            return (Close("one request on each connection"),)
        if "close" in header(message.headers, "Connection").lower():
            return (Close("the head-end closes the connection"),)
        return self._next(now)

    def timer(self, name: str, now: datetime) -> Iterable[Act]:
        if name == "answer" and self._waits:
            return (Close(f"no answer for {ANSWER_SECONDS:g} s"),)
        if name == "next" and not self._waits:
            return self._next(now)
        return ()

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Act]:
        return (Close("the answer is no HTTP"),)

    def commanded(self, command: Command, now: datetime) -> Iterable[Act]:
        return (Answer(command.id, False, "an emulated display takes no commands"),)

    # --- what it says --------------------------------------------------------------------------

    def _next(self, now: datetime) -> list[Act]:
        """Say what is due, or wait until something is."""
        if self._follows and self._told is not None and self._told != self._house_rate(now):
            self._price_due = now
        price, report = self._price_due, self._report_due
        if price is not None and price <= now:
            self._price_due = None
            return self._say(self._prices(now))
        if report is None or report <= now:
            self._report_due = now + timedelta(seconds=self._pause())
            return self._say(self._report(now))
        due = report if price is None else min(price, report)
        return [SetTimer("next", (due - now).total_seconds())]

    def _say(self, message: Message) -> list[Act]:
        self._waits = True
        return [Send(message), SetTimer("answer", ANSWER_SECONDS)]

    def _report(self, now: datetime) -> Message:
        self._reports += 1
        # What is told is told as of the second its clock shows.
        at = self._instant(now).replace(microsecond=0)
        electricity = self._electricity.read(at)
        gas = self._persona.gas
        figures = None
        if gas is not None and self._gas is not None:
            figures = read_gas(self._gas, at, gas.calorific)
        return meter_report(
            self._persona, self._clock(now), electricity, figures, self._reception()
        )

    def _prices(self, now: datetime) -> Message:
        persona = self._persona
        if self._follows:
            self._told = self._house_rate(now)
            persona = replace(persona, rate=self._told)
        return prices(persona, self._clock(now), self._instant(now))

    def _house_rate(self, now: datetime) -> Rate:
        state = self._context.house.state(self._instant(now))
        return replace(self._persona.rate, price=state.price_import, standing=state.price_standing)

    def _pause(self) -> int:
        least, most = self._persona.every
        return least + self._dice("pause") % (most - least + 1)

    def _reception(self) -> tuple[int, int]:
        return -69 + self._dice("rssi") % 9, 132 + self._dice("lqi") % 17

    def _dice(self, purpose: str) -> int:
        """Return 0..65535, by seed, purpose and how many reports there were."""
        key = f"{self._context.seed}/{purpose}/{self._reports}".encode()
        return int.from_bytes(blake2b(key, digest_size=2).digest(), "big")

    # --- its clock -----------------------------------------------------------------------------

    def _clock(self, now: datetime) -> int:
        """Return what the display takes for Unix seconds; without NTP it counts from the start."""
        if Quirk.CLOCK_UNSET in self._persona.quirks and self._booted is not None:
            return int((now - self._booted).total_seconds())
        shown = int((self._instant(now) + self._offset).timestamp())
        return min(max(shown, 0), 0xFFFF_FFFF)

    def _instant(self, now: datetime) -> datetime:
        return now if self._context.frozen_at is None else self._context.frozen_at


def _follows(context: DeviceContext) -> bool:
    given = context.options.get("tariff", "persona")
    if given not in ("persona", "house"):
        raise ConfigError("tariff", f"{given!r} is neither 'persona' nor 'house'")
    return given == "house"


def _seconds(context: DeviceContext) -> float:
    text = context.options.get("offset_seconds", "0")
    try:
        found = Decimal(text)
    except ArithmeticError:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) > 10_000_000_000:
        raise ConfigError("offset_seconds", f"{text!r} is not a number of seconds")
    return float(found)
