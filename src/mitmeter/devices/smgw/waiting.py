"""Who is next: requests of many clients to a gateway that answers one at a time."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from mitmeter.wire.http import HttpRequest
from mitmeter.wire.http_reverse import Mount, Outgoing

MOST_WAITING = 64


@dataclass(slots=True)
class Ask:
    """One request that waits or is being answered.

    clients: who gets the answer: who asked first, and those who asked the very same meanwhile.
    key:     equal for requests whose answers are the same; "" for those that stand alone.
    session: the gateway's session it belongs to, "" for none.
    """

    address: str
    request: HttpRequest
    outgoing: Outgoing
    mount: Mount
    arrived: datetime
    clients: list[int]
    key: str = ""
    session: str = ""
    tries: int = 0


@dataclass(slots=True)
class Waiting:
    """Requests in order of arrival for each address, and the addresses in turn."""

    _by_address: OrderedDict[str, deque[Ask]] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return sum(len(line) for line in self._by_address.values())

    def add(self, ask: Ask) -> bool:
        """Take it in line; False when too many wait already."""
        if len(self) >= MOST_WAITING:
            return False
        self._by_address.setdefault(ask.address, deque()).append(ask)
        return True

    def first(self, ask: Ask) -> None:
        """Put one back that was taken: it is next."""
        self._by_address.setdefault(ask.address, deque()).appendleft(ask)
        self._by_address.move_to_end(ask.address, last=False)

    def like(self, key: str) -> Ask | None:
        """Return the one that waits for the same answer."""
        for line in self._by_address.values():
            for ask in line:
                if key and ask.key == key:
                    return ask
        return None

    def take(self, may: Callable[[Ask], bool]) -> Ask | None:
        """Return the next that may go, of the address whose turn it is; that one is last then."""
        for address, line in self._by_address.items():
            for at, ask in enumerate(line):
                if may(ask):
                    del line[at]
                    if line:
                        self._by_address.move_to_end(address)
                    else:
                        del self._by_address[address]
                    return ask
        return None

    def drop(self, gone: Callable[[Ask], bool]) -> list[Ask]:
        """Take those out for which `gone` holds, and return them."""
        dropped: list[Ask] = []
        for address in list(self._by_address):
            kept: deque[Ask] = deque()
            for ask in self._by_address[address]:
                (dropped if gone(ask) else kept).append(ask)
            if kept:
                self._by_address[address] = kept
            else:
                del self._by_address[address]
        return dropped
