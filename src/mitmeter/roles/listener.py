"""The side of a conversation that only listens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Generic, TypeVar

from mitmeter.protocol import Action, Answer, Command, Undecodable

M = TypeVar("M")


class Listener(Generic[M]):
    """A party that says nothing, as a subscriber to what a device publishes; it takes no
    commands.
    """

    __slots__ = ()

    def opened(self, now: datetime) -> Iterable[Action[M]]:
        return ()

    def received(self, message: M, now: datetime) -> Iterable[Action[M]]:
        return ()

    def timer(self, name: str, now: datetime) -> Iterable[Action[M]]:
        return ()

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Action[M]]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[Action[M]]:
        return (Answer(command.id, False, "who only listens cannot pass a command on"),)
