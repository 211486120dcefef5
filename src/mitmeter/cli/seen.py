"""The hosts on the device network: what they asked for, what they were told, whether they came."""

from __future__ import annotations

from typing import Any

from mitmeter import registry
from mitmeter.cli.output import json_text, print_line
from mitmeter.cli.table import Column, print_table
from mitmeter.config.endpoint import Endpoint
from mitmeter.lan.seen import SeenHost, SeenHosts
from mitmeter.model import printable
from mitmeter.store import Store

_COLUMNS = (
    Column("host"),
    Column("mac", drop=2),
    Column("calls itself", drop=3),
    Column("asked for", fold=True),
    Column("was told"),
    Column("connected"),
    Column("speaks", drop=1),
)


def show_seen(store: Store, *, as_json: bool) -> None:
    """Print every host that asked, or connected, as lines of JSON or as a table."""
    specs = [registry.spec(name) for name in registry.names()]
    seen = SeenHosts(
        {spec.name: spec.hosts for spec in specs},
        {spec.name: Endpoint.parse(spec.listen).port for spec in specs if spec.listen},
    )
    for each in store.events(limit=None):
        seen.fold(each.event)
    hosts = seen.hosts()
    if as_json:
        for host in hosts:
            print_line(json_text(_object(host)))
        return
    print_table(
        _COLUMNS,
        (row for host in hosts for row in _rows(host)),
        "no host has asked for anything yet; see `mitmeter config dump` for [network.dns]",
    )


def _rows(host: SeenHost) -> list[tuple[str, ...]]:
    """Return one row per name asked for, the host's own facts in the first."""
    came = host.trouble or (f"{host.connections} times" if host.connections else "no")
    speaks = ", ".join(host.protocols or (f"{name}?" for name in host.suggestion))
    names = [(each.name, each.verdict) for each in host.names]
    if host.time_asked:
        names.append(("the time", host.time_verdict))
    first, *more = names or [("", "")]
    told = (printable(first[0]), printable(first[1]))
    rows: list[tuple[str, ...]] = [
        (host.address, host.mac, printable(host.name), *told, printable(came), speaks)
    ]
    rows += [("", "", "", printable(name), printable(verdict), "", "") for name, verdict in more]
    return rows


def _object(host: SeenHost) -> dict[str, Any]:
    return {
        "address": host.address,
        "mac": host.mac,
        "name": host.name,
        "first": host.first,
        "last": host.last,
        "names": [
            {
                "name": each.name,
                "types": list(each.types),
                "count": each.count,
                "told": each.verdict,
                "last": each.last,
            }
            for each in host.names
        ],
        "time_asked": host.time_asked,
        "time_told": host.time_verdict,
        "connections": host.connections,
        "last_connected": host.last_connected,
        "protocols": list(host.protocols),
        "suggestion": list(host.suggestion),
        "trouble": host.trouble,
    }
