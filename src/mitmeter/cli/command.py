"""`mitmeter command`: an operator's wish, through the running daemon, to a connected device."""

from __future__ import annotations

import asyncio
import sys

import click

from mitmeter import registry
from mitmeter.cli.output import json_text, print_line
from mitmeter.cli.settings import Settings, global_options
from mitmeter.errors import ConfigError, MitmeterError, RemoteProtocolError
from mitmeter.model import DeviceId


@click.command("command")
@click.argument("device")
@click.argument("name")
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with what became of it.")
@global_options(hidden=True)
@click.pass_obj
def command_command(
    settings: Settings, device: str, name: str, arguments: tuple[str, ...], as_json: bool
) -> int:
    """Give DEVICE the command NAME, such as:

    mitmeter command alphaess:AL9900000000007 charge-from-grid from=1 until=5 stop-at=80

    The commands of each protocol are in `mitmeter protocols`. Exit code 1 when it was refused.
    """
    from mitmeter.daemon.control import ask

    _check(device, name)
    request = {
        "do": "command",
        "device": device,
        "name": name,
        "arguments": _pairs(arguments),
    }
    answer = asyncio.run(ask(settings.data, request))
    accepted = bool(answer.get("accepted"))
    text = str(answer.get("text") or answer.get("error") or "no answer")
    if as_json:
        print_line(json_text({"accepted": accepted, "text": text}))
    elif accepted:
        print_line(text)
    else:
        print(f"mitmeter: refused: {text}", file=sys.stderr)
    return 0 if accepted else 1


def _check(device: str, name: str) -> None:
    try:
        spec = registry.spec(DeviceId.parse(device).protocol)
    except RemoteProtocolError as exc:
        raise ConfigError("DEVICE", str(exc)) from exc
    known = [each.name for each in spec.commands]
    if name not in known:
        there_is = ", ".join(known) or "none"
        raise MitmeterError(f"{spec.name} has no command {name!r}; there is {there_is}")


def _pairs(arguments: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals or not key:
            raise click.UsageError(f"{argument!r} is not KEY=VALUE")
        pairs[key] = value
    return pairs
