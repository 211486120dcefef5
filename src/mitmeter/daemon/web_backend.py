"""The daemon as the dashboard sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mitmeter import __version__, registry
from mitmeter.daemon.household import Household, takes_commands
from mitmeter.daemon.plan_web import WebPlan
from mitmeter.daemon.web_chunks import Chunks
from mitmeter.daemon.web_copies import copied
from mitmeter.daemon.web_health import Vital
from mitmeter.daemon.web_messages import Messages, Watches
from mitmeter.dashboard.backend import (
    CommandWords,
    Copy,
    Found,
    Health,
    Hear,
    House,
    Lines,
    Outcome,
    Speaks,
    Station,
    Wanted,
)
from mitmeter.dashboard.conversations import conversation_named
from mitmeter.errors import ConfigError
from mitmeter.model import Conversation, DeviceId, Event, Reading, Side
from mitmeter.sinks.prometheus import CONTENT_TYPE, Vitals, metrics_text
from mitmeter.store import RecordedConversation, Store

if TYPE_CHECKING:
    from mitmeter.daemon.supervisor import Daemon
    from mitmeter.sinks.status import SinkStatus


class DaemonBackend:
    """Fulfils `dashboard.backend.Backend` for a daemon that runs."""

    def __init__(self, daemon: Daemon, plan: WebPlan) -> None:
        from mitmeter.daemon.supervisor import JOURNAL, STORE

        self._daemon = daemon
        self._household = Household(daemon.services, daemon.stations)
        self._house = House(plan.site, daemon.plan.zone, daemon.clock.speed, plan.tariffs)
        journal = daemon.data / JOURNAL
        self._path = daemon.data / STORE
        self._chunks = Chunks(journal)
        self._messages = Messages(self._chunks)
        self._watches = Watches(daemon.services, self._messages, self._named)
        self._vital = Vital(daemon.data, journal, daemon.clock.now)
        self._speaks: dict[str, Speaks | None] = {}

    # --- the house

    @property
    def house(self) -> House:
        return self._house

    def now(self) -> datetime:
        return self._daemon.clock.now()

    def open_store(self) -> Store:
        return Store.open(self._path, read_only=True)

    def stations(self) -> tuple[Station, ...]:
        return tuple(
            Station(
                name=each.plan.name,
                role=str(each.plan.role),
                protocol=each.plan.spec.name,
                where=each.where,
                conversations=len(each.drives),
                control=takes_commands(each),
                synthetic=each.plan.synthetic,
            )
            for each in self._daemon.stations
        )

    def speaks(self, protocol: str) -> Speaks | None:
        if protocol not in self._speaks:
            self._speaks[protocol] = _speaks(protocol)
        return self._speaks[protocol]

    # --- commands

    def may_control(self, device: DeviceId) -> bool:
        return self._household.may_control(device)

    async def command(self, device: DeviceId, name: str, arguments: Mapping[str, str]) -> Outcome:
        accepted, text = await self._household.command(device, name, arguments)
        return Outcome(accepted, text)

    # --- traffic

    def lines(self, about: RecordedConversation, wanted: Wanted) -> Lines:
        return self._messages.lines(about, wanted)

    def message(
        self, store: Store, about: RecordedConversation, seq: int, index: int
    ) -> Found | None:
        return self._messages.one(store, about, seq, index)

    def copy(self, about: RecordedConversation, form: str) -> Copy:
        return copied(self._chunks.all(about), form, about.conversation.id, self._daemon.data)

    def watch(self, conversation: Conversation, hear: Hear) -> Callable[[], None]:
        return self._watches.watch(conversation, hear)

    def on_commit(self, told: Callable[[], None]) -> Callable[[], None]:
        ingest = self._daemon.ingest
        assert ingest is not None  # noqa: S101 - the daemon runs

        def heard(_events: list[Event], _readings: list[Reading]) -> None:
            told()

        ingest.listeners.append(heard)
        return lambda: ingest.listeners.remove(heard)

    def _named(self, name: str) -> RecordedConversation | None:
        with self.open_store() as store:
            return conversation_named(store, name)

    # --- how it stands

    def health(self, store: Store) -> Health:
        status = self._daemon.status()
        return self._vital.state(store, status, self.stations(), self._sinks(store))

    def metrics(self, store: Store) -> tuple[str, str]:
        stations = self.stations()
        vitals = Vitals(
            version=__version__,
            journal_bytes=self._vital.journal_bytes(),
            store_bytes=store.path.stat().st_size,
            faults=self._daemon.services.faults,
            conversations={each.name: each.conversations for each in stations},
        )
        text = metrics_text(store, self.now(), sinks=self._sinks(store), vitals=vitals)
        return text, CONTENT_TYPE

    def _sinks(self, store: Store) -> Sequence[SinkStatus]:
        feeds = self._daemon.feeds
        return () if feeds is None else feeds.statuses(store)


def _speaks(protocol: str) -> Speaks | None:
    try:
        spec = registry.spec(protocol)
    except ConfigError:
        return None
    commands = tuple(
        CommandWords(each.name, each.arguments, each.summary) for each in spec.commands
    )
    return Speaks(spec.title, commands, device_waits=spec.dials is Side.HEADEND)
