"""What the dashboard is to be: the typed form of the `[web]` table, or of a demo's wishes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mitmeter.config.endpoint import Endpoint
from mitmeter.config.web_table import DEFAULT_LISTEN
from mitmeter.store.tariff import Tariff


@dataclass(frozen=True, slots=True)
class WebPlan:
    """The dashboard of one daemon.

    listen:      tcp:// on loopback, or tls://; port 0 takes a free one.
    any_port:    take a free port where the one asked for is taken.
    site:        the site's name.
    names:       host names that lead here, beside addresses and this machine's own name.
    certificate, key: PEM files for tls://; our own authority's where there is none.
    ingress:     the address of a proxy that has let people in already, "" for none.
    read_only:   no commands, whatever the token.
    tariffs:     prices where no device reports them, or where ours are to count.
    optional:    nobody has asked for it: where it cannot be served, all else runs without it.
    """

    listen: Endpoint = DEFAULT_LISTEN
    any_port: bool = False
    site: str = "home"
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    ingress: str = ""
    read_only: bool = False
    tariffs: tuple[Tariff, ...] = ()
    optional: bool = False
