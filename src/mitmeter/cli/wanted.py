"""Which messages of a conversation are shown: --filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

import click

from mitmeter.cli.layout import Kind, Said
from mitmeter.config.suggest import hint
from mitmeter.model import Side

FILTER = click.option(
    "--filter",
    "filters",
    metavar="WHAT",
    multiple=True,
    help="Only sender=device|headend, type=NAME (with *), verdict=message|unknown|undecodable, or "
    "what has this text or hex in it; ! in front means all others; repeatable.",
)

_KINDS = (Kind.MESSAGE, Kind.UNKNOWN, Kind.UNDECODABLE)
Test = Callable[[Said], bool]


def wanted(filters: Sequence[str]) -> Test | None:
    """Return what tells whether all filters let a message pass; None where there are none.

    Raises: a usage error that quotes the filter that makes no sense.
    """
    tests = [_test(text) for text in filters]
    return (lambda said: all(test(said) for test in tests)) if tests else None


def _test(text: str) -> Test:
    if text.startswith("!"):
        inner = _test(text[1:])
        return lambda said: not inner(said)
    name, equals, value = text.partition("=")
    if not equals or name not in ("sender", "type", "verdict"):
        return _contains(text)
    if name == "sender":
        side = Side(_choice(text, value, [str(each) for each in Side]))
        return lambda said: said.sender is side
    if name == "verdict":
        kind = Kind(_choice(text, value, [str(each) for each in _KINDS]))
        return lambda said: said.kind is kind
    return lambda said: fnmatchcase(said.type.lower(), value.lower())


def _contains(text: str) -> Test:
    if not text:
        raise click.UsageError("--filter: nothing is in every message")
    needle = text.lower()
    try:
        data = bytes.fromhex(text)
    except ValueError:
        return lambda said: needle in said.text.lower()
    return lambda said: needle in said.text.lower() or data in said.raw


def _choice(text: str, value: str, known: list[str]) -> str:
    if value not in known:
        raise click.UsageError(f"--filter {text!r}: {hint(value, known)}")
    return value
