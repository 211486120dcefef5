"""The way out of an emulated battery: a frame may leave in two parts with nothing between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mitmeter.devices.alphaess.messages import Message
from mitmeter.protocol import Action, SendRaw, SetTimer

SPLIT_TIMER = "split"
SPLIT_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Split:
    """A frame that leaves in two parts."""

    first: bytes
    rest: bytes


class Outlet:
    """Turns splits into raw parts; what is said meanwhile waits for the second part, in order."""

    def __init__(self) -> None:
        self._rest: bytes | None = None
        self._behind: list[Action[Message] | Split] = []

    def let_out(self, actions: Iterable[Action[Message] | Split]) -> list[Action[Message]]:
        """Return what may go out now."""
        out: list[Action[Message]] = []
        for action in actions:
            if isinstance(action, SetTimer):
                out.append(action)
            elif self._rest is not None:
                self._behind.append(action)
            elif isinstance(action, Split):
                self._rest = action.rest
                out += [SendRaw(action.first), SetTimer(SPLIT_TIMER, SPLIT_SECONDS)]
            else:
                out.append(action)
        return out

    def join(self) -> list[Action[Message]]:
        """Return the second part and what waited behind it."""
        if self._rest is None:
            return []
        rest, self._rest = self._rest, None
        behind, self._behind = self._behind, []
        return [SendRaw(rest), *self.let_out(behind)]
