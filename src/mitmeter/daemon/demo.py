"""The demo's parts: one house, every device emulated in it, and who hears them on loopback.

A battery, a display (through a proxy) and a hub dial their traps, a probe dials the meter; all over
real sockets. Before they start, the past is filled in that they would have reported.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mitmeter import registry
from mitmeter.config.endpoint import Endpoint
from mitmeter.config.zone import system_zone
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.demo_history import BATTERY, DISPLAY, FINE_STEP, HUB, METER, Cell, tables
from mitmeter.daemon.history import History, bring_in
from mitmeter.daemon.persona import load_persona
from mitmeter.daemon.plan import DaemonPlan, Patience, StationPlan
from mitmeter.daemon.plan_web import WebPlan
from mitmeter.daemon.supervisor import JOURNAL, Daemon
from mitmeter.daemon.unit import FOLDER as UNITS
from mitmeter.daemon.web import open_web
from mitmeter.errors import ConfigError
from mitmeter.model import nanoseconds
from mitmeter.protocol import Spec
from mitmeter.roles.role import Role
from mitmeter.simulate import House, Site

_FILE = "demo.json"
_ANYWHERE = Endpoint("tcp", "127.0.0.1", 0)

Say = Callable[[str], None]
Wanted = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Part:
    """One device of the demo.

    device:  who its persona is. tells: what its history holds.
    options: of the emulated device.  proxied: it reaches its trap through a proxy.
    memory:  what it remembers from when the house was built; `{built}` is that, in microseconds.
    """

    name: str
    protocol: str
    scheme: str
    device: str
    tells: Mapping[str, Cell]
    persona: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    memory: Mapping[str, str] = field(default_factory=dict)
    proxied: bool = False

    @property
    def spec(self) -> Spec[Any]:
        return registry.spec(self.protocol)

    @property
    def dials(self) -> bool:
        return Role.EMULATE.dials(self.spec)


_PARTS = (
    Part("battery", "alphaess", "tcp", "alphaess:AL9900000000007", BATTERY),
    Part(
        "display",
        "glow",
        "tls",
        "glow:02005EFFFE302010",
        DISPLAY,
        options={"tariff": "house"},
        proxied=True,
    ),
    Part("hub", "efergy", "ssl3", "efergy:02005E302012", HUB, persona="h2"),
    # Counted since the house was built, its relay closed.
    Part(
        "meter",
        "kamstrup",
        "tcp",
        "kamstrup:15085488",
        METER,
        memory={"meter.standing": "{built} {built} 0 0 4 0 0"},
    ),
)


def parts() -> tuple[Part, ...]:
    """Return the devices whose protocols are installed."""
    return tuple(part for part in _PARTS if part.protocol in registry.names())


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a demo is to be like.

    speed: how much faster time passes.  seed: which house.
    port:  of the dashboard, another where it is taken; None: no dashboard.
    days:  how much of the past is filled in.
    """

    speed: float = 60.0
    seed: int = 1
    port: int | None = 8480
    days: int = 366


@dataclass(frozen=True, slots=True)
class Shown:
    """A demo at work: the daemon that hears the devices, and the dashboard's link, "" for none."""

    daemon: Daemon
    link: str


def _unheard(words: str) -> None:
    """Say nothing."""


def _wanted() -> bool:
    """Go on to the end."""
    return True


@contextlib.asynccontextmanager
async def demo(
    data: Path, wishes: Wishes, say: Say = _unheard, wanted: Wanted = _wanted
) -> AsyncIterator[Shown]:
    """Run everything while the block runs; yields what there is to see.

    All live in one house, by one clock that runs faster than ours. The devices' own records lie in
    `data/emulated`. say: hears what takes a while. wanted: asked meanwhile, in a thread.
    Raises ConfigError where other data than a demo's lies in `data`.
    """
    zone = system_zone()
    past = _past(data, wishes, Clock().now())
    begin = max(past.ended, Clock().now())
    house = House(wishes.seed, past.built, Site(zone=zone))
    if wishes.days:
        say(f"filling in what every device would have reported in {wishes.days} days before")
        past = await _fill_in(data, house, past, begin, wanted)
    # Filling in takes some seconds, which at this speed would be minutes nobody has told of.
    clock = Clock(speed=wishes.speed, start_ns=nanoseconds(begin))
    world = _World(data, wishes, clock, house, past.built)
    async with contextlib.AsyncExitStack() as stack:
        dialled = tuple(part for part in parts() if not part.dials)
        meters = await stack.enter_async_context(world.devices("dialled", dialled, {}))
        where = {station.plan.name: station.where for station in meters.stations}
        heard = await stack.enter_async_context(world.hearing(where))
        link = await stack.enter_async_context(world.dashboard(heard))
        traps = {station.plan.name: station.where for station in heard.stations}
        dialling = tuple(part for part in parts() if part.dials)
        await stack.enter_async_context(world.devices("dialling", dialling, traps))
        try:
            yield Shown(heard, link)
        finally:
            replace(past, ended=clock.now()).write(data)


class _World:
    """One demo's surroundings, and the daemons that live in it."""

    def __init__(
        self, data: Path, wishes: Wishes, clock: Clock, house: House, built: datetime
    ) -> None:
        self._data = data
        self._wishes = wishes
        self._clock = clock
        self._house = house
        self._built = built
        self._zone = system_zone()
        self._patience = Patience.at(wishes.speed)

    @contextlib.asynccontextmanager
    async def hearing(self, meters: Mapping[str, str]) -> AsyncIterator[Daemon]:
        """Run the traps, the proxies before them, and the probes.

        meters: station → where a device waits to be read.
        """
        stations = tuple(plan for part in parts() for plan in self._hears(part, meters))
        plan = DaemonPlan("mitmeter demo", self._zone, stations)
        async with Daemon(plan, self._data, clock=self._clock).running() as daemon:
            yield daemon

    @contextlib.asynccontextmanager
    async def dashboard(self, daemon: Daemon) -> AsyncIterator[str]:
        """Serve the dashboard; yields its link, "" where none is wanted."""
        port = self._wishes.port
        if port is None:
            yield ""
            return
        plan = WebPlan(Endpoint("tcp", "127.0.0.1", port), any_port=True, site="demo")
        web = await open_web(daemon, plan)
        if web is None:
            yield ""
            return
        try:
            yield web.link
        finally:
            await web.stop()

    def _hears(self, part: Part, meters: Mapping[str, str]) -> Iterator[StationPlan]:
        if not part.dials:
            to = Endpoint.parse(meters[_simulated(part)])
            yield self._plan(part.name, Role.PROBE, part, to=to, every=60.0)
            return
        port = _free_port() if part.proxied else 0
        listen = Endpoint(part.scheme, "127.0.0.1", port)
        yield self._plan(part.name, Role.TRAP, part, listen=listen)
        if part.proxied:
            front = Endpoint(part.scheme, "127.0.0.1", 0)
            # The trap behind it has a certificate of its own making.
            trust = {"upstream": "unverified"}
            yield self._plan(_proxy(part), Role.PROXY, part, listen=front, to=listen, options=trust)

    @contextlib.asynccontextmanager
    async def devices(
        self, name: str, devices: tuple[Part, ...], traps: Mapping[str, str]
    ) -> AsyncIterator[Daemon]:
        """Run emulated devices. traps: station → where a device that dials is to go."""
        data = self._data / "emulated" / name
        plans = tuple(
            self._plan(
                _simulated(part),
                Role.EMULATE,
                part,
                to=Endpoint.parse(traps[_proxy(part) if part.proxied else part.name])
                if part.dials
                else None,
                listen=None if part.dials else _ANYWHERE,
                persona=load_persona(part.spec, part.persona),
                options=part.options,
                seed=self._wishes.seed,
            )
            for part in devices
        )
        for part in devices:
            self._remember(part, data)
        plan = DaemonPlan("mitmeter demo (emulated devices)", self._zone, plans)
        daemon = Daemon(plan, data, clock=self._clock, house=self._house)
        async with daemon.running():
            yield daemon

    def _remember(self, part: Part, data: Path) -> None:
        """Let a unit remember what has been since the house was built, unless it does already."""
        file = data / UNITS / f"{_simulated(part)}.json"
        if not part.memory or file.exists():
            return
        built = str(nanoseconds(self._built) // 1000)
        told = {name: text.replace("{built}", built) for name, text in part.memory.items()}
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(json.dumps(told), "utf-8")

    def _plan(self, name: str, role: Role, part: Part, **more: Any) -> StationPlan:
        return StationPlan(
            name,
            role,
            part.spec,
            control=role is Role.TRAP,
            synthetic=True,
            patience=self._patience,
            **more,
        )


def _simulated(part: Part) -> str:
    return f"simulated-{part.name}"


def _proxy(part: Part) -> str:
    return f"{part.name}-proxy"


def _free_port() -> int:
    """Return a port that nobody has: the proxy is to know it before the trap behind it listens."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


# --- what was before
# ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Past:
    """What an earlier run of a demo has left.

    built: the house, with its seed.  filled: up to when its past is filled in.
    ended: when it was in the house; ahead of us, as time passed faster there.
    """

    seed: int
    built: datetime
    filled: datetime
    ended: datetime

    def write(self, data: Path) -> None:
        told = {
            "seed": self.seed,
            "built": self.built.isoformat(),
            "filled": self.filled.isoformat(),
            "ended": self.ended.isoformat(),
        }
        (data / _FILE).write_text(json.dumps(told), "utf-8")


def _past(data: Path, wishes: Wishes, now: datetime) -> _Past:
    """Return what is known of this demo; a house built so many days ago where nothing is."""
    file = data / _FILE
    if file.exists():
        known = json.loads(file.read_text("utf-8"))
        if known["seed"] != wishes.seed:
            raise ConfigError("--seed", f"the demo kept in {data} has seed {known['seed']}")
        times = (datetime.fromisoformat(known[name]) for name in ("built", "filled", "ended"))
        return _Past(wishes.seed, *times)
    if (data / JOURNAL).exists():
        raise ConfigError("--data", f"{data} holds other recordings; a demo wants its own place")
    # At least two days old, so that a device has a history of its own to tell.
    built = now - timedelta(days=max(wishes.days, 2))
    built = built.replace(hour=0, minute=0, second=0, microsecond=0)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    past = _Past(wishes.seed, built, filled=built, ended=built)
    past.write(data)
    return past


async def _fill_in(data: Path, house: House, past: _Past, now: datetime, wanted: Wanted) -> _Past:
    """Bring in the past's half hours; given up within one of them when nobody waits any more."""
    waiting = True

    def going() -> bool:
        return waiting and wanted()

    work = asyncio.create_task(asyncio.to_thread(_write_history, data, house, past, now, going))
    try:
        return await asyncio.shield(work)
    finally:
        waiting = False
        await asyncio.wait({work})


def _write_history(
    data: Path, house: House, past: _Past, now: datetime, going: Callable[[], bool]
) -> _Past:
    devices = parts()
    found = tables(house, past.filled, now, [part.tells for part in devices], going)
    if not going() or len(found[0]) < 2:
        return past
    histories = [
        (History("the simulated past", _settings(part, lines[0]), synthetic=True), lines)
        for part, lines in zip(devices, found, strict=True)
    ]
    bring_in(data, system_zone(), histories, at=now)
    filled = replace(past, filled=now - (now - past.built) % FINE_STEP)
    filled.write(data)
    return filled


def _settings(part: Part, header: bytes) -> dict[str, str]:
    return {"format": "csv", "device": part.device, "columns": header.decode().rstrip()}
