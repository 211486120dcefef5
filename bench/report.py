"""What a bench prints: one line per figure, and at the end what stands between us and the aims."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

_WIDTH = 100
_WHAT = 52


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure somebody hopes for. `more` is True where more is better."""

    what: str
    got: float
    aim: float
    unit: str
    more: bool
    between: str

    @property
    def reached(self) -> bool:
        return self.got >= self.aim if self.more else self.got <= self.aim

    @property
    def verdict(self) -> str:
        word = "reached" if self.reached else "missed"
        return f"aim {self.aim:,g} {self.unit}: {word}, {self.got / self.aim:.2f}×"


@dataclass(slots=True)
class Report:
    """Prints as it goes, so that a bench cut short has still told what it measured."""

    aims: list[Aim] = field(default_factory=list)

    def part(self, title: str) -> None:
        print(f"\n{title}", flush=True)

    def say(self, what: str, value: str) -> None:
        print(f"  {what:<{_WHAT}}  {value}", flush=True)

    def aim(
        self,
        what: str,
        got: float,
        aim: float,
        unit: str,
        *,
        more: bool,
        between: str,
        shown: str = "",
    ) -> None:
        """Say a figure that has an aim. `between`: what stands between, should it be missed."""
        judged = Aim(what, got, aim, unit, more, between)
        self.aims.append(judged)
        self.say(what, f"{shown or f'{got:,.4g} {unit}'}   ({judged.verdict})")

    def conclude(self) -> None:
        """Say of every aim that was missed what stands between."""
        missed = [aim for aim in self.aims if not aim.reached]
        if not self.aims:
            return
        self.part("What stands between us and the aims")
        if not missed:
            print(f"  Nothing: all {len(self.aims)} aims measured here are reached.", flush=True)
        for aim in missed:
            got = f"{aim.got:,.4g} of {aim.aim:,g} {aim.unit}"
            text = f"{aim.what}, {got}. {aim.between}"
            print(textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="    "))
