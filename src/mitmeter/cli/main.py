"""The `mitmeter` command: imports the one command's file, and turns errors into one line."""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from mitmeter import __version__
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.usage import check_name, usage_line
from mitmeter.errors import ConfigError, MitmeterError

# command: (module, a line for the list); --help imports no module for it.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Simulated devices, their traps and a live table, over real sockets."),
    "run": ("run", "Run what the configuration names."),
    "trap": ("stations", "Stand in for a device's cloud: answer it, keep everything."),
    "proxy": ("stations", "Stand between a device and its cloud; record, and apply rules."),
    "probe": ("probe", "Read a device, or hear it at the broker it publishes to."),
    "emulate": ("stations", "Play a device, fed by a simulated house."),
    "persona": ("persona", "Who emulated devices are: list, show, make a new one."),
    "decode": ("decode", "Decode bytes from a file or stdin, without storing anything."),
    "devices": ("devices", "The devices known, and how they are."),
    "readings": ("readings", "What was measured."),
    "intervals": ("intervals", "Energy and cost by the hour, day, month or year."),
    "events": ("events", "What happened."),
    "command": ("command", "Give a connected device a command."),
    "bypass": ("bypass", "Let a proxy pass everything on without its rules, for a while."),
    "sinks": ("sinks", "Where readings and events go, and how far that is."),
    "pins": ("pins", "Which servers' certificates are trusted; accept a changed one."),
    "journal": ("journal", "The raw bytes: list, show, verify, export, cut, replay."),
    "import": ("imports", "Bring in history from files: JSON Lines, CSV, line protocol."),
    "rebuild": ("rebuild", "Decode the whole journal again, and say what changed."),
    "network": ("network", "What a router needs to be told: redirect rules."),
    "doctor": ("doctor", "Where does the chain from device to readings break?"),
    "protocols": ("about", "The protocols mitmeter speaks."),
    "config": ("about", "Check the configuration, or show every key."),
}

# A group without a command shows its help; click before 8.2 has no name for that.
_HELP_ASKED: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())


class _NobodyReads(Exception):
    """The reader of our output has gone, as `head` does: no reason to complain."""


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
        check_name(ctx, args, self.list_commands(ctx))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as exc:
            # Click would make a failure of it.
            raise _NobodyReads from exc

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


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; exit 0 fine, 1 failed, 2 usage, 3 configuration, 130 interrupted."""
    settings = Settings()
    _prepare_streams()
    try:
        code = cli.main(arguments, "mitmeter", standalone_mode=False, obj=settings)
        # Written here, so that what goes wrong with it is told like everything else.
        sys.stdout.flush()
    except (click.exceptions.Abort, KeyboardInterrupt):
        _fail("stopped", 130)
    except click.ClickException as exc:
        if isinstance(exc, _HELP_ASKED):
            exc.show()
            sys.exit(2)
        _fail(usage_line(exc), 2)
    except ConfigError as exc:
        _fail(str(exc), 3)
    except MitmeterError as exc:
        _fail(str(exc), 1)
    except (_NobodyReads, BrokenPipeError):
        _give_up_output()
        sys.exit(0)
    except OSError as exc:
        if exc.filename is None and exc.errno == errno.ENOSPC:
            _give_up_output()
        _fail(f"{exc.filename or 'output'}: {exc.strerror or exc}", 1)
    except Exception as exc:
        _unexpected(exc, settings)
    sys.exit(code if isinstance(code, int) else 0)


def _prepare_streams() -> None:
    """Make printing work everywhere: without stdout, and on terminals that know no arrows."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for good
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for good
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _give_up_output() -> None:
    """Let what is still to be written go nowhere, so that the interpreter's end is quiet."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> NoReturn:
    print(f"mitmeter: {message}", file=sys.stderr)
    sys.exit(code)


def _unexpected(exc: Exception, settings: Settings) -> NoReturn:
    """Our own fault: one line for the user, the trace only for who asks with -v."""
    if settings.verbosity > 0:
        import traceback

        traceback.print_exception(exc)
    words = " ".join(str(exc).split())
    _fail(f"internal error, {type(exc).__name__}: {words} (run again with -v for the trace)", 1)
