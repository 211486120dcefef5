"""How commands look, and how usage errors read."""

import click
import pytest
from click.testing import CliRunner

from mitmeter.cli.usage import Command, Group, usage_line


@click.group("tool", cls=Group)
def tool() -> None:
    """A tool."""


@tool.command("second", cls=Command, examples=("tool second --fast", "tool second"))
def second() -> None:
    """Do the second thing. It has a long explanation that nobody reads in a list of commands."""


@tool.command("first", cls=Command)
def first() -> None:
    """Do the first thing that comes to mind, whatever it may be, without asking any questions."""


def test_commands_are_listed_in_the_order_they_were_made_each_in_a_whole_sentence() -> None:
    text = CliRunner().invoke(tool, ["--help"], terminal_width=200).output
    assert text.index("second") < text.index("first")
    assert "Do the second thing.\n" in text
    assert "without asking any questions.\n" in text


def test_help_ends_with_examples_as_they_are_typed() -> None:
    lines = CliRunner().invoke(tool, ["second", "--help"]).output.splitlines()
    at = lines.index("Examples:")
    assert lines[at + 1 : at + 3] == ["  tool second --fast", "  tool second"]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("Missing argument 'FILE'.", "missing argument 'FILE'"),
        ("--since: 'x' is no time", "--since: 'x' is no time"),
        ("MITMETER_DATA is wrong", "MITMETER_DATA is wrong"),
        ("Choose from:\n\ta,\n\tb", "choose from: a, b"),
    ],
)
def test_a_usage_error_is_one_line_that_says_where_to_read_on(message: str, line: str) -> None:
    ctx = click.Context(second, info_name="second", parent=click.Context(tool, info_name="tool"))
    assert usage_line(click.UsageError(message, ctx)) == f"{line} (see 'tool second --help')"
    assert usage_line(click.UsageError(message)) == f"{line} (see 'mitmeter --help')"
