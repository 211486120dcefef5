"""Running a daemon from the command line: the loop, the signals, and what is said meanwhile."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

from mitmeter.cli.follow import follow
from mitmeter.cli.narrate import Narrator, Voice
from mitmeter.cli.settings import Settings, set_up_logging
from mitmeter.cli.transcript import Transcript
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.plan import DaemonPlan
from mitmeter.daemon.settle import settle
from mitmeter.daemon.station import Station
from mitmeter.daemon.supervisor import Daemon


def run_daemon(
    plan: DaemonPlan,
    data: Path,
    settings: Settings,
    *,
    clock: Clock | None = None,
    transcript: Transcript | None = None,
) -> int:
    """Run until SIGTERM or Ctrl-C; everything said to a device by then is on disk.

    Events are told on stdout; values too, where it is a terminal that somebody may be watching.

    transcript: how to print what is said, as it is said.
    """
    echoes = set_up_logging(settings.verbosity)
    say = Voice(silent=settings.quiet).say

    async def work() -> None:
        stop = stop_event()
        daemon = Daemon(plan, data, clock=clock)
        async with daemon.running(progress=say):
            for station in daemon.stations:
                say(_introduction(station))
            if daemon.network is not None:
                for name, where in daemon.network.where().items():
                    say(f"{name}: answering on {where}")
            if daemon.web is not None:
                say(f"dashboard: {daemon.web.link}")
            say(f"data in {data}; stop with Ctrl-C")
            if transcript is not None:
                follow(daemon.services, transcript)
            if not settings.quiet and daemon.ingest is not None:
                every = 1.0 if sys.stdout.isatty() and transcript is None else None
                narrator = Narrator(say, plan.zone, every=every, logged=echoes.take)
                daemon.ingest.listeners.append(narrator.heard)
            settle()
            await stop.wait()
            say("stopping")

    run_loop(work)
    return 0


def _introduction(station: Station) -> str:
    plan = station.plan
    what = f"{plan.name}: {plan.role} {plan.spec.name}"
    if not station.listener:
        return f"{what}, connecting to {station.where}"
    to = f", passing on to {plan.to}" if plan.to else ""
    return f"{what}, listening on {station.where}{to}"


def run_loop(work: Callable[[], Coroutine[object, object, None]]) -> None:
    """Run a coroutine function to its end on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(work())
    else:
        uvloop.run(work())


def stop_event() -> asyncio.Event:
    """Return an event that SIGTERM, SIGINT and the end of the terminal set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # Who was started with nohup is to outlive the terminal.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, stop.set)
    return stop
