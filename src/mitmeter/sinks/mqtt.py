"""MQTT: one retained state per device at the owner's broker, and Home Assistant's discovery for it.

What a subscriber is to hold is what every device shows *now*. So a batch of readings is taken into
a book, and of every device that shows anything else afterwards one state is published; a backlog
is walked through and only its end is seen. The batch is confirmed once the broker has confirmed
every state.

What the broker holds of ours is kept in mind, topic by topic: only what differs is published. A new
connection, or Home Assistant starting again, forgets that, and all is published again.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from mitmeter import __version__
from mitmeter.errors import MitmeterError, SinkError
from mitmeter.model import DeviceId, Reading, Severity
from mitmeter.sinks.course import Tell
from mitmeter.sinks.flat import flat_event, json_line
from mitmeter.sinks.homeassistant_controls import Home, controls
from mitmeter.sinks.homeassistant_discovery import (
    Announcer,
    expiry,
    identity_of,
    shown_components,
    text_of,
)
from mitmeter.sinks.mqtt_book import Book, Device
from mitmeter.sinks.mqtt_cost import Costs, todays_costs
from mitmeter.sinks.mqtt_link import BrokerLink
from mitmeter.sinks.mqtt_memory import Memory, load, save
from mitmeter.sinks.mqtt_memory import text_of as memory_text
from mitmeter.sinks.mqtt_obsolete import obsolete_topics
from mitmeter.sinks.mqtt_orders import Orders
from mitmeter.sinks.mqtt_plan import MqttPlan
from mitmeter.sinks.sink import Accepted, Look, Occurrence, Outcome
from mitmeter.store import Store

log = logging.getLogger("mitmeter")

# Readings taken in before others get their turn; some five microseconds each.
_SLICE = 100
_AT_ONCE = 20
# Seconds between two looks at what today costs and what is known of devices, and between two
# writes of what is remembered; what must not be forgotten is written at once.
_EVERY = {"costs": 60.0, "facts": 3600.0, "memory": 600.0}
_METER_CHANGES = (".meter.replaced", ".meter.changed")

# Topics and what they are to hold.
Documents = list[tuple[str, bytes]]


class MqttSink:
    """Keeps the broker holding what every device shows."""

    kind = "mqtt"
    idempotent = True
    settles = 0.0

    def __init__(
        self, plan: MqttPlan, memory: Path, home: Home, now: Callable[[], datetime], tell: Tell
    ) -> None:
        self._plan = plan
        self._path = memory
        self._home = home
        self._now = now
        self._tell = tell
        self._topics = plan.topics
        self._announcer = Announcer(plan.topics, __version__, plan.dashboard.rstrip("/"))
        self._book = Book(Memory(), self._wants, plan.expire)
        self._broker_holds: dict[str, bytes] = {}
        self._dirty: dict[DeviceId, Device] = {}
        self._announced: dict[DeviceId, tuple[object, bytes]] = {}
        self._obsolete: set[str] = set()
        self._told: set[str] = set()
        self._costs: Costs | None = None
        self._publishing = asyncio.Lock()
        self._look: Look | None = None
        self._link: BrokerLink | None = None
        self._orders: Orders | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # --- the sink ---------------------------------------------------------------------------------

    async def open(self, look: Look) -> None:
        try:
            await asyncio.to_thread(importlib.import_module, "aiomqtt")
        except ImportError as exc:
            raise SinkError("MQTT needs a further library: install mitmeter[mqtt]") from exc
        memory = await asyncio.to_thread(load, self._path)
        self._obsolete = obsolete_topics(memory, self._plan)
        self._book = Book(memory, self._wants, self._plan.expire)
        await look(self._book.seed)
        self._say()
        await self._reckon(look)
        self._look = look
        self._orders = Orders(self._home, self._topics, self._book, self._answered, self._now)
        self._link = BrokerLink(
            self._plan.broker,
            will=self._topics.availability,
            topics=(*self._topics.orders, *((self._topics.birth,) if self._plan.discovery else ())),
            heard=self._heard,
            greet=self._greet,
            trouble=self._in_trouble,
        )
        self._link.start()
        self._spawn(self._attend())

    async def readings(self, batch: Sequence[Reading]) -> Outcome:
        link = self._linked()
        skipped = await self._take(batch)
        # What is in the book by now is published by the greeting, should there be no connection.
        await link.ready()
        await self._publish_changes()
        return Accepted(skipped=skipped)

    async def events(self, batch: Sequence[Occurrence]) -> Outcome:
        link = self._linked()
        for each in batch:
            device = each.event.device
            if device is not None and each.event.eventid.endswith(_METER_CHANGES):
                changed = self._book.confirm(device)
                if changed is not None:
                    self._dirty[changed.device] = changed
        self._say()
        await link.ready()
        lines = [json_line(flat_event(each, self._topics.site)).encode() for each in batch]
        for line in lines:  # one after the other: in the order they happened
            await link.publish(self._topics.events, line, retain=False)
        await self._publish_changes()
        return Accepted()

    async def close(self) -> None:
        tasks = list(self._tasks)
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._orders is not None:
            await self._orders.stop()
        if self._link is not None:
            await self._link.stop()
        if self._look is not None:
            with contextlib.suppress(SinkError):
                await self._remember()

    def _linked(self) -> BrokerLink:
        if self._link is None:
            raise SinkError("is not open")
        return self._link

    def _wants(self, reading: Reading) -> bool:
        choice = self._plan.choice
        wanted = choice.readings and str(reading.device) not in self._plan.ignored
        return wanted and choice.takes_reading(reading)

    async def _take(self, batch: Sequence[Reading]) -> int:
        """Take a batch into the book; return how many of it are for nobody."""
        skipped, unknown = 0, False
        for start in range(0, len(batch), _SLICE):
            for reading in batch[start : start + _SLICE]:
                if not self._wants(reading):
                    skipped += 1
                    continue
                unknown = unknown or reading.device not in self._book.devices
                changed = self._book.take(reading)
                if changed is not None:
                    self._dirty[changed.device] = changed
            await asyncio.sleep(0)
        self._say()
        if unknown and self._look is not None:
            await self._look(self._book.look_up)
        if self._book.urgent:
            await self._remember()
        return skipped

    def _say(self) -> None:
        for each in self._book.said:
            self._tell(each.eventid, each.message, each.severity, each.fields)
        self._book.said.clear()

    # --- what the broker is to hold ---------------------------------------------------------------

    async def _greet(self) -> None:
        """A connection has been made: whatever the broker held may be gone."""
        await self._publish_all()

    async def _publish_all(self, pause: float = 0.0) -> None:
        """Publish everything, whatever the broker held. pause: seconds between two devices."""
        self._book.check(self._now())
        await self._clear_obsolete()
        async with self._publishing:
            self._broker_holds.clear()
        for device in list(self._book.devices.values()):
            self._dirty[device.device] = device
            if pause:
                await asyncio.sleep(pause)
                await self._publish_changes()
        await self._publish_changes()

    async def _publish_changes(self) -> None:
        """Publish what changed, device by device; what could not be stays to be published."""
        async with self._publishing:
            await self._publish([self._hub_documents()])
            devices = list(self._dirty.values())
            # Taken out before: what changes meanwhile comes in again.
            self._dirty.clear()
            done: set[DeviceId] = set()
            try:
                for start in range(0, len(devices), _AT_ONCE):
                    part = devices[start : start + _AT_ONCE]
                    await self._publish([self._documents(each) for each in part])
                    done.update(each.device for each in part)
            finally:
                self._dirty |= {each.device: each for each in devices if each.device not in done}
        if self._book.urgent:
            await self._remember()

    async def _publish(self, documents: Iterable[Documents]) -> None:
        """Publish lists of documents side by side, each list in its order."""
        tasks = [asyncio.create_task(self._in_order(each)) for each in documents]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for each in results:
            if isinstance(each, BaseException):
                raise each

    async def _in_order(self, documents: Documents) -> None:
        link = self._linked()
        for topic, payload in documents:
            if self._broker_holds.get(topic) != payload:
                await link.publish(topic, payload)
                self._broker_holds[topic] = payload

    def _documents(self, device: Device) -> Documents:
        """Return what the broker is to hold of a device."""
        topics, name = self._topics, device.name
        found: Documents = []
        if self._plan.discovery:
            found.append(self._announcement(device))
        found.append((topics.device_availability(name), b"offline" if device.stale else b"online"))
        found.append((topics.state(name), json_line(self._book.state(device)).encode()))
        return found

    def _announcement(self, device: Device) -> tuple[str, bytes]:
        """Return a device's discovery topic and payload, made again only where it may differ."""
        offers = self._home.offers(device.device)
        expiries = {
            quantity: expiry(self._book.patience(device, quantity))
            for quantity, found in device.entities.items()
            if found[0].live
        }
        topic = self._topics.config(identity_of(device.device))
        held = len(device.held)
        made_of = (held, device.currency, device.simulated, device.facts, expiries, offers)
        before = self._announced.get(device.device)
        if before is not None and before[0] == made_of:
            return topic, before[1]
        device.controls = controls(offers)
        title = self._home.title(device.device.protocol)
        payload = self._announcer.device(device, title, expiries)
        components = shown_components(payload)
        if not components.items() <= device.memory.components.items():
            device.memory.components |= components
            self._book.urgent = True
        text = text_of(payload)
        self._announced[device.device] = made_of, text
        return topic, text

    def _hub_documents(self) -> Documents:
        topics, costs = self._topics, self._costs
        shown: dict[str, object] = {"devices": len(self._book.devices)}
        if costs is not None:
            shown |= costs.fields
        found = [(topics.hub_state, json_line(shown).encode())]
        if self._plan.discovery:
            payload = self._announcer.hub("" if costs is None else costs.currency)
            found.insert(0, (topics.config(self._announcer.hub_identity), text_of(payload)))
        return found

    # --- what the broker is no longer to hold -----------------------------------------------------

    async def _clear_obsolete(self) -> None:
        """Take from the broker what earlier settings left there: empty and retained removes."""
        for topic in sorted(self._obsolete):
            await self._linked().publish(topic, b"")
            self._obsolete.discard(topic)
        memory = self._book.memory
        # Only now: what is not cleared yet has to be found again after a restart.
        for device in [each for each in memory.devices if str(each) in self._plan.ignored]:
            del memory.devices[device]
            self._book.urgent = True
        root = self._topics.root
        discovery = self._topics.discovery if self._plan.discovery else ""
        if (memory.root, memory.discovery) != (root, discovery):
            memory.root, memory.discovery = root, discovery
            self._book.urgent = True

    # --- beside the readings ----------------------------------------------------------------------

    async def _attend(self) -> None:
        """Watch for silence, and keep facts, costs and memory fresh."""
        loop = asyncio.get_running_loop()
        due = {name: loop.time() + seconds for name, seconds in _EVERY.items()}
        while True:
            await asyncio.sleep(self._plan.check)
            now = loop.time()
            late = {name for name, at in due.items() if at <= now}
            due |= {name: now + _EVERY[name] for name in late}
            try:
                await self._look_after(late)
            except MitmeterError as exc:
                log.debug("mqtt: %s", exc)
            except Exception as exc:
                log.debug("mqtt: fault", exc_info=exc)

    async def _look_after(self, due: set[str]) -> None:
        if self._look is not None and "costs" in due:
            await self._reckon(self._look)
        if self._look is not None and "facts" in due:
            await self._look(self._book.look_up)
        for device in self._book.check(self._now()):
            self._dirty[device.device] = device
        if self._linked().is_up:
            await self._publish_changes()
        if self._book.urgent or "memory" in due:
            await self._remember()

    async def _reckon(self, look: Look) -> None:
        plan, now = self._plan, self._now()

        def reckon(store: Store) -> Costs | None:
            return todays_costs(store, plan.zone, plan.tariffs, now)

        self._costs = await look(reckon)

    async def _remember(self) -> None:
        self._book.urgent = False
        try:
            await asyncio.to_thread(save, self._path, memory_text(self._book.memory))
        except SinkError:
            self._book.urgent = True
            raise

    # --- what we are told -------------------------------------------------------------------------

    def _heard(self, topic: str, payload: bytes, retained: bool) -> None:
        if topic == self._topics.birth:
            # A retained one is as old as it likes, and all was published when we connected.
            if payload == b"online" and not retained:
                self._spawn(self._announce_again())
        elif self._orders is not None:
            self._orders.heard(topic, payload, retained)

    async def _announce_again(self) -> None:
        """Home Assistant has started: tell it all again, not all at once."""
        pause = self._plan.spread / max(1, len(self._book.devices))
        with contextlib.suppress(SinkError):
            await self._publish_all(pause)

    async def _answered(self, device: Device, line: bytes) -> None:
        """A command was answered, or a setting set: tell it, and show it."""
        self._dirty[device.device] = device
        self._book.urgent = True
        with contextlib.suppress(SinkError):
            await self._linked().publish(self._topics.answer(device.name), line, retain=False)
            await self._publish_changes()

    def _in_trouble(self, words: str) -> None:
        if words not in self._told:
            self._told.add(words)
            self._tell("mitmeter.mqtt.refused", words, Severity.WARNING, {"reason": words})

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
