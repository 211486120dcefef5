"""The nouns every other room speaks: sides, chunks, readings, events, devices, quantities.

Frozen values only. No I/O, no clocks, no logging.
"""

from mitmeter.model.chunk import Chunk, Conversation, instant, nanoseconds
from mitmeter.model.device import DeviceId
from mitmeter.model.event import Event, Field, Plain, Severity, printable
from mitmeter.model.lean import lean
from mitmeter.model.quantity import CATALOGUE, Kind, Quantity, quantity
from mitmeter.model.reading import Fact, Origin, Reading
from mitmeter.model.secret import Secret
from mitmeter.model.side import Side

__all__ = [
    "CATALOGUE",
    "Chunk",
    "Conversation",
    "DeviceId",
    "Event",
    "Fact",
    "Field",
    "Kind",
    "Origin",
    "Plain",
    "Quantity",
    "Reading",
    "Secret",
    "Severity",
    "Side",
    "instant",
    "lean",
    "nanoseconds",
    "printable",
    "quantity",
]
