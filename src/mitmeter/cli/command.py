"""`mitmeter command`: an operator's wish, through the running daemon, to a connected device."""

from __future__ import annotations

import asyncio
import sys

import click

from mitmeter.cli.options import pairs
from mitmeter.cli.output import json_text, print_line
from mitmeter.cli.protocol_names import find_spec
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.usage import Command
from mitmeter.config.suggest import hint
from mitmeter.errors import RemoteProtocolError
from mitmeter.model import DeviceId, printable
from mitmeter.protocol import INJECT


@click.command(
    "command",
    cls=Command,
    examples=(
        "mitmeter command alphaess:AL9900000000007 charge-from-grid from=1 until=5 stop-at=80",
        "mitmeter command alphaess:AL9900000000007 sync-time",
    ),
)
@click.argument("device")
@click.argument("name")
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with what became of it.")
@global_options(hidden=True)
@click.pass_obj
def command_command(
    settings: Settings, device: str, name: str, arguments: tuple[str, ...], as_json: bool
) -> int:
    """Give DEVICE the command NAME.

    The commands of each protocol are in `mitmeter protocols`. Whoever runs the daemon has to
    allow them, with --control or `control = true`. Exit code 1 when the command was refused.
    """
    from mitmeter.daemon.control import ask

    _check(device, name)
    request = {
        "do": "command",
        "device": device,
        "name": name,
        "arguments": pairs(arguments, ""),
    }
    answer = asyncio.run(ask(settings.data, request))
    accepted = bool(answer.get("accepted"))
    text = printable(str(answer.get("text") or answer.get("error") or "no answer"), 1000)
    if as_json:
        print_line(json_text({"accepted": accepted, "text": text}))
    elif accepted:
        print_line(text)
    else:
        print(f"mitmeter: refused: {text}", file=sys.stderr)
    return 0 if accepted else 1


def _check(device: str, name: str) -> None:
    """Raise a usage error for what is no device id, or no command of its protocol."""
    try:
        spec = find_spec(DeviceId.parse(device).protocol)
    except RemoteProtocolError as exc:
        raise click.UsageError(f"DEVICE: {exc}") from exc
    known = [*(each.name for each in spec.commands), INJECT.name]
    if name not in known:
        raise click.UsageError(f"{spec.name} has no command {name!r}; {hint(name, known)}")
