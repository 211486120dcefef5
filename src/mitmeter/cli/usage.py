"""How commands look: help with examples, and usage errors in one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

_EVERYWHERE = "--data DIR, -c FILE, -v and -q may stand here too; see 'mitmeter --help'."


class Command(click.Command):
    """A command whose help ends with examples and a word on the global options."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")
        formatter.write_paragraph()
        formatter.write_text(_EVERYWHERE)


class Group(click.Group):
    """A group that lists its commands in the order they were made, each in a whole sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        check_name(ctx, args, self.list_commands(ctx))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, each.get_short_help_str(200)) for name, each in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def check_name(ctx: click.Context, args: list[str], known: Sequence[str]) -> None:
    """Raise a usage error that suggests the nearest command where there is none of that name."""
    if args and args[0] not in known and not args[0].startswith("-"):
        from mitmeter.config.suggest import hint

        raise click.UsageError(f"no command {args[0]!r}; {hint(args[0], known)}", ctx)


def usage_line(exc: click.ClickException) -> str:
    """Return what is wrong with the command line, and where to read how it is written."""
    message = " ".join(exc.format_message().split()).rstrip(".")
    # Click begins its own messages with a capital; names such as MITMETER_DATA stay as they are.
    if message[1:2].islower():
        message = message[0].lower() + message[1:]
    ctx = getattr(exc, "ctx", None)
    path = "mitmeter" if ctx is None else ctx.command_path
    return f"{message} (see '{path} --help')"
