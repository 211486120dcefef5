"""The `mitmeter` command: finds the command's file, imports only that, and turns errors into one
line.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from mitmeter import __version__
from mitmeter.cli.settings import Settings, global_options
from mitmeter.errors import ConfigError, MitmeterError

# command: (module, one line for the list). The line stands here so that --help imports nothing
# else.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "A simulated battery, a trap and a live table, over real sockets."),
    "run": ("run", "Run what the configuration names."),
    "trap": ("stations", "Stand in for a device's cloud: answer it, keep everything."),
    "proxy": ("stations", "Stand between a device and its cloud; record, and apply rules."),
    "emulate": ("stations", "Play a device, fed by a simulated house."),
    "decode": ("decode", "Decode bytes from a file or stdin, without storing anything."),
    "devices": ("readings", "The devices known, and how they are."),
    "readings": ("readings", "What was measured."),
    "events": ("readings", "What happened."),
    "command": ("command", "Give a connected device a command."),
    "journal": ("journal", "The raw bytes: list, show, verify, export, cut, replay."),
    "rebuild": ("rebuild", "Decode the whole journal again, and say what changed."),
    "protocols": ("about", "The protocols mitmeter speaks."),
    "config": ("about", "Check the configuration, or show every key."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"mitmeter.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from mitmeter.config.suggest import hint

            raise click.UsageError(f"no command {args[0]!r}{hint(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="mitmeter")
@global_options(hidden=False)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """mitmeter, the meter in the middle: own your energy devices' data, and what they are told."""
    ctx.ensure_object(Settings)


def main() -> None:
    """Run the command line; exit 0 fine, 1 failed, 2 usage, 3 configuration."""
    settings = Settings()
    try:
        status = cli.main(standalone_mode=False, obj=settings)
    except click.exceptions.Abort:
        _fail("stopped", 130)
    except click.ClickException as exc:
        exc.show()
        sys.exit(2)
    except ConfigError as exc:
        _fail(str(exc), 3)
    except MitmeterError as exc:
        _fail(str(exc), 1)
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does; the interpreter must not complain at
        # exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        _fail("stopped", 130)
    except OSError as exc:
        _fail(f"{exc.filename or 'input or output'}: {exc.strerror or exc}", 1)
    except Exception as exc:
        _unexpected(exc, settings)
    sys.exit(_code(status))


def _code(status: Any) -> int:
    return status if isinstance(status, int) else 0


def _fail(message: str, code: int) -> None:
    print(f"mitmeter: {message}", file=sys.stderr)
    sys.exit(code)


def _unexpected(exc: Exception, settings: Settings) -> None:
    """Our own fault: one line for the user, the trace only for who asks with -v."""
    if settings.verbosity > 0:
        import traceback

        traceback.print_exception(exc)
    _fail(f"internal error, {type(exc).__name__}: {exc} (run again with -v for the trace)", 1)
