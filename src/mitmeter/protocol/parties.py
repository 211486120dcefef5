"""How one side behaves, and what becomes of its messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from mitmeter.model import Event, Fact, Reading, Side
from mitmeter.protocol.actions import Action, Command, M_co
from mitmeter.protocol.items import M, Undecodable

M_contra = TypeVar("M_contra", contravariant=True)


class Party(Protocol[M]):
    """How one side behaves. Each method returns what should happen next, in order."""

    def opened(self, now: datetime) -> Iterable[Action[M]]: ...

    def received(self, message: M, now: datetime) -> Iterable[Action[M]]: ...

    def timer(self, name: str, now: datetime) -> Iterable[Action[M]]: ...

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Action[M]]: ...

    def commanded(self, command: Command, now: datetime) -> Iterable[Action[M]]: ...


@runtime_checkable
class TakesLeave(Protocol[M_co]):
    """A party may have this, too: what it wants to say when we are about to end the conversation,
    such as to log out. It has a moment to hear the answer, and ends the conversation itself.
    """

    def leaving(self, now: datetime) -> Iterable[Action[M_co]]: ...


Projected = Reading | Event | Fact


class Projection(Protocol[M_contra]):
    """Message → readings, events and facts. One instance lives as long as its conversation.

    Readings carry `received=at` and the device's own time in `reported`; correction is not its job,
    so `at` stays None but in history that was corrected elsewhere.
    """

    def project(self, sender: Side, message: M_contra, at: datetime) -> Iterable[Projected]: ...


@runtime_checkable
class HearsRubble(Protocol):
    """A projection may have this, too: it is then handed what is no message, and tells of it
    instead of the usual event.
    """

    def garbled(self, sender: Side, item: Undecodable, at: datetime) -> Iterable[Projected]: ...
