"""Running a daemon from the command line: the loop, the signals, and what is said meanwhile."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

from mitmeter.cli.narrate import Narrator
from mitmeter.cli.settings import Settings, set_up_logging
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.plan import DaemonPlan
from mitmeter.daemon.supervisor import Daemon
from mitmeter.protocol import House


def run_daemon(
    plan: DaemonPlan,
    data: Path,
    settings: Settings,
    *,
    clock: Clock | None = None,
    house: House | None = None,
) -> int:
    """Run until SIGTERM or Ctrl-C; everything said to a device by then is on disk."""
    set_up_logging(settings.verbosity)
    say = _say if settings.verbosity >= 0 else _nothing

    async def work() -> None:
        stop = stop_event()
        daemon = Daemon(plan, data, clock=clock, house=house)
        async with daemon.running(progress=say):
            for station in daemon.stations:
                to = f" → {station.plan.to}" if station.listener and station.plan.to else ""
                verb = "listening on" if station.listener else "connecting to"
                what = f"{station.plan.role} {station.plan.spec.name}"
                say(f"{station.plan.name}: {what}, {verb} {station.where}{to}")
            say(f"data in {data}; stop with Ctrl-C")
            if settings.verbosity >= 0 and daemon.ingest is not None:
                daemon.ingest.listeners.append(Narrator(say).heard)
            await stop.wait()
            say("stopping")

    run_loop(work)
    return 0


def run_loop(work: Callable[[], Coroutine[object, object, None]]) -> None:
    """Run a coroutine function to its end on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(work())
    else:
        uvloop.run(work())


def stop_event() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _say(text: str) -> None:
    print(text, flush=True)


def _nothing(text: str) -> None:
    sys.stdout.flush()
