"""What comes in on our topics: entities that are switched or set, and commands as JSON."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from mitmeter.model import printable
from mitmeter.sinks.flat import json_line, utc_text
from mitmeter.sinks.homeassistant_controls import OFF, ON, Home, Order, Platform, order_of
from mitmeter.sinks.mqtt_book import Book, Device
from mitmeter.sinks.mqtt_topics import Topics

log = logging.getLogger("mitmeter")

_MOST_WAITING = 20
_LARGEST = 4096

Answered = Callable[[Device, bytes], Awaitable[None]]


class Orders:
    """Turns messages into commands, and what becomes of them into answers.

    answered: gets the device, and the answer as one line of JSON.
    """

    def __init__(
        self,
        home: Home,
        topics: Topics,
        book: Book,
        answered: Answered,
        now: Callable[[], datetime],
    ) -> None:
        self._home = home
        self._topics = topics
        self._book = book
        self._answered = answered
        self._now = now
        self._tasks: set[asyncio.Task[None]] = set()

    def heard(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take in a message. A retained one is an old wish, which nobody has any more."""
        found = self._topics.order(topic)
        if found is None or retained or not payload:
            return
        name, key = found
        device = next((each for each in self._book.devices.values() if each.name == name), None)
        if device is None:
            return
        if len(self._tasks) >= _MOST_WAITING:
            work = self._tell(device, key, False, "too many commands wait already")
        else:
            work = self._attempt(device, key, payload)
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _attempt(self, device: Device, key: str, payload: bytes) -> None:
        try:
            await self._carry_out(device, key, payload)
        except Exception as exc:
            log.debug("mqtt: fault in a command", exc_info=exc)
            words = f"mitmeter failed: {type(exc).__name__}: {exc}"
            await self._tell(device, key or "command", False, words)

    async def _carry_out(self, device: Device, key: str, payload: bytes) -> None:
        asked = key or "command"
        try:
            if len(payload) > _LARGEST:
                raise ValueError(f"{len(payload)} bytes are too many")
            text = payload.decode()
            order = self._order(device, key, text) if key else _plain_order(text)
        except ValueError as exc:
            await self._tell(device, asked, False, str(exc))
            return
        if not isinstance(order, Order):
            field = next(each.field for each in device.controls if each.key == key)
            device.memory.settings[field] = order
            await self._tell(device, asked, True, f"is {order:g} now")
            return
        if order.name not in self._home.offers(device.device):
            words = f"{printable(order.name)} is no command here, or commands are off"
            await self._tell(device, order.name, False, words)
            return
        accepted, words = await self._home.command(device.device, order.name, order.arguments)
        if accepted:
            self._show(device, key, text)
        await self._tell(device, order.name, accepted, words)

    def _order(self, device: Device, key: str, text: str) -> Order | str | float:
        control = next((each for each in device.controls if each.key == key), None)
        if control is None:
            raise ValueError(f"there is no {printable(key)}, or commands are off")
        return order_of(control, text, device.memory.settings)

    def _show(self, device: Device, key: str, text: str) -> None:
        """Let a switch show what it was switched to."""
        for control in device.controls:
            if control.key == key and control.platform is Platform.SWITCH and text in (ON, OFF):
                device.memory.settings[control.field] = text

    async def _tell(self, device: Device, command: str, accepted: bool, words: str) -> None:
        device.answer = printable(f"{command}: {words}")
        line = json_line(
            {
                "at": utc_text(self._now()),
                "command": printable(command),
                "accepted": accepted,
                "text": printable(words),
            }
        )
        await self._answered(device, line.encode())


def _plain_order(text: str) -> Order:
    """Return the command of a JSON object with `name` and `arguments`. Raises ValueError."""
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError('a JSON object such as {"name": "sync-time"} is expected') from None
    name = held.get("name") if isinstance(held, dict) else None
    arguments: object = held.get("arguments", {}) if isinstance(held, dict) else None
    if not isinstance(name, str) or not isinstance(arguments, Mapping):
        raise ValueError('a JSON object with "name" and "arguments" is expected')
    return Order(name, {str(key): _text(value) for key, value in arguments.items()})


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError("arguments are texts, numbers, true or false")
