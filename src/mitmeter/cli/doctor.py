"""`mitmeter doctor`: where does the chain from the device to its readings break?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click

from mitmeter.cli.output import json_text, print_line
from mitmeter.cli.settings import Settings, global_options
from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.doctor import Chain, Seen, State, Watched
from mitmeter.errors import LinkError, StoreError

_SIGNS = {
    State.FINE: "ok      ",
    State.BROKEN: "BROKEN  ",
    State.UNKNOWN: "?       ",
    State.NOT_REACHED: "-       ",
}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per step.")
@global_options(hidden=True)
@click.pass_obj
def doctor_command(settings: Settings, as_json: bool) -> int:
    """Walk the chain for every station and say in words where it breaks.

    Looks at the running daemon, or without one at what the configuration names. Exit code 1 when
    something is broken.
    """
    from mitmeter.daemon.doctor import examine_host, examine_station

    now = datetime.now(UTC)
    status = _status(settings)
    seen = _seen(settings, now)
    chains = [examine_host(settings.data, status)]
    stations = list(_stations(settings, status))
    chains += [examine_station(station, seen, now) for station in stations]
    for chain in chains:
        _print(chain, as_json)
    if not stations and not as_json:
        print_line("no station to look at: nothing runs, and no configuration names one")
    return 0 if all(chain.sound for chain in chains) else 1


def _status(settings: Settings) -> dict[str, Any] | None:
    from mitmeter.daemon.control import ask

    if not settings.data.is_dir():
        return None
    try:
        return asyncio.run(ask(settings.data, {"do": "status"}))
    except LinkError:
        return None


def _seen(settings: Settings, now: datetime) -> Seen:
    from mitmeter.daemon.doctor import seen_in
    from mitmeter.daemon.view import open_view

    try:
        with open_view(settings.data, settings.zone()) as store:
            return seen_in(store, now)
    except StoreError:
        return Seen()


def _stations(settings: Settings, status: dict[str, Any] | None) -> Iterator[Watched]:
    if status is not None:
        for each in status["stations"]:
            endpoint = Endpoint.parse(each["where"]) if each["role"] in ("trap", "proxy") else None
            yield Watched(each["name"], each["role"], each["protocol"], endpoint, running=True)
        return
    from mitmeter.config.load import load
    from mitmeter.config.places import find_config

    path = find_config(settings.config)
    if path is None:
        return
    config = load(path)
    for station in config.stations:
        endpoint = station.listen
        yield Watched(station.name, station.role, station.protocol, endpoint, running=False)


def _print(chain: Chain, as_json: bool) -> None:
    if not as_json:
        print_line(chain.title)
    for step in chain.steps:
        if as_json:
            shown = {
                "chain": chain.title,
                "step": step.name,
                "state": str(step.state),
                "words": step.words,
                "advice": step.advice,
            }
            print_line(json_text(shown))
            continue
        print_line(f"  {_SIGNS[step.state]}{step.name:15} {step.words}".rstrip())
        if step.advice and step.state is not State.FINE:
            print_line(f"  {'':8}{'':15} → {step.advice}")
