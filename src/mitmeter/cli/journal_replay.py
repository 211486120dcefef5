"""`mitmeter journal replay`: a recorded conversation, said again to somebody."""

from __future__ import annotations

import asyncio

import click

from mitmeter.cli.options import Number
from mitmeter.cli.output import counted, print_line
from mitmeter.cli.progress import Progress
from mitmeter.cli.selection import one_conversation, open_journal
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.stations import endpoint_to
from mitmeter.cli.usage import Command
from mitmeter.errors import MitmeterError
from mitmeter.model import Chunk, Side


@click.command(
    "replay",
    cls=Command,
    examples=(
        "mitmeter journal replay 01M7WCSBY51956KK --to tcp://127.0.0.1:7777 --speed 60",
        "mitmeter journal replay 01M7 --to tcp://127.0.0.1:7777 --speed 0",
    ),
)
@click.argument("conversation")
@click.option("--to", "target", required=True, metavar="URL", help="Where to send it.")
@click.option(
    "--sender",
    type=click.Choice([str(side) for side in Side]),
    default=str(Side.DEVICE),
    show_default=True,
    help="Whose words to send.",
)
@click.option(
    "--speed",
    type=Number(0, 1_000_000),
    metavar="X",
    default=1.0,
    show_default=True,
    help="1 as recorded, 10 faster, 0 without pauses.",
)
@global_options(hidden=True)
@click.pass_obj
def replay_command(
    settings: Settings, conversation: str, target: str, sender: str, speed: float
) -> int:
    """Send a recorded conversation to an address, at the recorded or a scaled pace.

    Only what the peer itself said is sent, not what a proxy changed. Exit code 1 when the other
    end closes before everything was sent.
    """
    from mitmeter.daemon.replay import replay

    to = endpoint_to(target, ("tcp",))
    found = one_conversation(settings, conversation)
    chunks = [
        chunk
        for chunk in open_journal(settings).records()
        if isinstance(chunk, Chunk)
        and chunk.conversation.id == found
        and chunk.sender == sender
        and not (chunk.ours and chunk.conversation.role == "proxy")
    ]
    if not chunks:
        raise MitmeterError(f"the {sender} said nothing in {found}")
    with Progress("chunks sent", len(chunks), quiet=settings.quiet) as progress:
        done = asyncio.run(replay(chunks, to, speed=speed, progress=progress.advance))
    print_line(
        f"{counted(done.chunks, 'chunk')}, {counted(done.sent, 'byte')} sent; "
        f"{counted(done.received, 'byte')} came back"
    )
    if done.cut_off:
        raise MitmeterError(f"{to} closed the connection before everything was sent")
    return 0
