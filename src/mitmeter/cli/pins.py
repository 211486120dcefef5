"""`mitmeter pins`: which servers' certificates are trusted, and since when."""

from __future__ import annotations

from typing import Any

import click

from mitmeter.cli.options import JSON
from mitmeter.cli.output import json_text, print_line
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.table import Column, print_table
from mitmeter.cli.usage import Command, Group
from mitmeter.errors import LinkError, MitmeterError
from mitmeter.model import printable
from mitmeter.transport.pins import Pin, PinBook, Shown

_COLUMNS = (
    Column("server"),
    Column("trusted since"),
    Column("until"),
    Column("subject", drop=1),
    Column("sha256", drop=2),
    Column("now"),
)


@click.group("pins", cls=Group)
@global_options(hidden=True)
def pins_command() -> None:
    """Which servers' certificates are trusted.

    A gateway's certificate is signed by nobody one could ask, so the first one seen is pinned; when
    it shows another one later, nothing is said to it until you accept that.
    """


@pins_command.command("list", cls=Command, examples=("mitmeter pins list",))
@JSON
@global_options(hidden=True)
@click.pass_obj
def list_command(settings: Settings, as_json: bool) -> int:
    """List the pinned certificates, and those that wait to be accepted."""
    pins = _book(settings).pins()
    if as_json:
        for pin in pins:
            print_line(json_text(_object(pin)))
        return 0
    rows = (
        (
            pin.where,
            pin.trusted.seen[:10],
            pin.trusted.ends[:10],
            printable(pin.trusted.subject, 60),
            pin.trusted.sha256,
            "as ever" if pin.refused is None else "shows another: refused",
        )
        for pin in pins
    )
    print_table(_COLUMNS, rows, "no server's certificate is pinned yet")
    return 0


@pins_command.command("accept", cls=Command, examples=("mitmeter pins accept 192.0.2.7:443",))
@click.argument("server")
@global_options(hidden=True)
@click.pass_obj
def accept_command(settings: Settings, server: str) -> int:
    """Trust the certificate that SERVER shows now in place of the pinned one."""
    pin = _done(lambda book: book.accept(server.lower()), settings)
    print_line(f"{pin.where} is trusted by {_words(pin.trusted)} from now on")
    return 0


@pins_command.command("forget", cls=Command, examples=("mitmeter pins forget 192.0.2.7:443",))
@click.argument("server")
@global_options(hidden=True)
@click.pass_obj
def forget_command(settings: Settings, server: str) -> int:
    """Trust whatever certificate SERVER shows next."""
    pin = _done(lambda book: book.forget(server.lower()), settings)
    print_line(f"{pin.where} is forgotten; the next certificate it shows is pinned")
    return 0


def _book(settings: Settings) -> PinBook:
    from mitmeter.daemon.trust import pin_book

    return pin_book(settings.data)


def _done(change: Any, settings: Settings) -> Pin:
    try:
        pin: Pin = change(_book(settings))
    except LinkError as exc:
        raise MitmeterError(str(exc)) from None
    return pin


def _words(shown: Shown) -> str:
    return f"{shown.sha256} ({printable(shown.subject)}, until {shown.ends[:10]})"


def _object(pin: Pin) -> dict[str, Any]:
    """Return one pin as `pins list --json` prints it."""
    return {
        "server": pin.where,
        **_certificate(pin.trusted),
        "station": pin.trusted.station,
        "refused": None if pin.refused is None else _certificate(pin.refused),
    }


def _certificate(shown: Shown) -> dict[str, str]:
    return {
        "sha256": shown.sha256,
        "subject": shown.subject,
        "not_before": shown.begins,
        "not_after": shown.ends,
        "first_seen": shown.seen,
    }
