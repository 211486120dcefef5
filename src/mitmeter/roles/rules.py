"""Rules for every protocol, also one nobody knows: replace what is said, say something more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from mitmeter.model import Side
from mitmeter.protocol import (
    Answer,
    Command,
    Decoded,
    EmitRaw,
    HeadendContext,
    Rule,
    RuleAction,
    Spec,
    Undecodable,
    Verdict,
)
from mitmeter.roles.replacements import Replacement, replacements

OBSERVE = "observe"
# What an operator can have said at once.
MOST_INJECTED = 65_536


def rules_of(spec: Spec[Any]) -> Mapping[str, Callable[[HeadendContext], Rule[Any]]]:
    """Return every rule a proxy of a protocol may have, but `observe`, which is none."""
    return {"replace": partial(Replace, spec), "inject": Inject, **spec.rules}


class Replace:
    """Puts other bytes in the place of some, in every whole message; a message may grow or shrink.

    options: `replace`  what to put for what, such as `"on"=>"off"; 0A00=>0A01`: text in quotes,
                        else hexadecimal; of either side.
             `replace-device`, `replace-headend`  the same for what one side says.
    Where the protocol knows how, lengths and checksums are made right; otherwise the bytes go on
    as they are. A message that nothing is left of does not go on.
    Raises ConfigError for what cannot be read, or where there is nothing to replace.
    """

    __slots__ = ("_reword", "_wanted")

    def __init__(self, spec: Spec[Any], context: HeadendContext) -> None:
        self._reword = spec.reword
        self._wanted = replacements(context.options)

    def judge(self, sender: Side, item: Decoded[Any] | Undecodable, now: datetime) -> Verdict[Any]:
        met: list[Replacement] = []

        def change(said: bytes) -> bytes:
            for each in self._wanted[sender]:
                if each.what in said:
                    met.append(each)
                    said = said.replace(each.what, each.by)
            return said

        if self._reword is not None and isinstance(item, Decoded):
            became = self._reword(sender, item, change)
        else:
            became = change(item.raw)
        if became == item.raw:
            return Verdict(item.raw)
        why = ", ".join(f"{each} replaced" for each in dict.fromkeys(met))
        return Verdict(became or None, why)

    def timer(self, name: str, now: datetime) -> Iterable[RuleAction[Any]]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[RuleAction[Any]] | None:
        return None


class Inject:
    """Says what an operator wants said, between two messages; changes nothing that passes.

    The command `inject` takes `to` (`device` or `headend`) and `hex`, or `text`.
    """

    __slots__ = ()

    def __init__(self, context: HeadendContext) -> None:
        pass

    def judge(self, sender: Side, item: Decoded[Any] | Undecodable, now: datetime) -> Verdict[Any]:
        return Verdict(item.raw)

    def timer(self, name: str, now: datetime) -> Iterable[RuleAction[Any]]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[RuleAction[Any]] | None:
        try:
            to, data = _wished(command)
        except ValueError as exc:
            return (Answer(command.id, False, str(exc)),)
        said = f"{len(data)} bytes were said to the {to}"
        return (EmitRaw(to, data), Answer(command.id, True, said))


def _wished(command: Command) -> tuple[Side, bytes]:
    if command.name != "inject":
        raise ValueError(f"the only command known here is inject, not {command.name!r}")
    arguments = dict(command.arguments)
    to = arguments.pop("to", "")
    if to not in tuple(Side):
        raise ValueError(f"to={to} is neither to=device nor to=headend")
    if len(arguments) != 1 or not arguments.keys() <= {"hex", "text"}:
        raise ValueError("say what to inject by one of hex=… and text=…")
    if "hex" in arguments:
        try:
            data = bytes.fromhex(arguments["hex"])
        except ValueError:
            raise ValueError(f"hex={arguments['hex'][:40]} is not hexadecimal") from None
    else:
        data = arguments["text"].encode()
    if not 0 < len(data) <= MOST_INJECTED:
        raise ValueError(f"{len(data)} bytes: 1 to {MOST_INJECTED} can be said at once")
    return Side(to), data
