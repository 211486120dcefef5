"""What one line of history says: values of one device at one instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from mitmeter.model import DeviceId, Origin

Values = Sequence[tuple[str, Decimal | str]]


@dataclass(frozen=True, slots=True)
class Row:
    """One device's values at one instant.

    at:       corrected UTC, taken as it is.
    received: when somebody heard them; the instant itself where nobody says.
    reported: the device's own time, naive where it speaks local time; None where it told none.
    """

    device: DeviceId
    at: datetime
    values: Values
    received: datetime
    reported: datetime | None
    origin: Origin = Origin.OBSERVED


@dataclass(frozen=True, slots=True)
class Reader:
    """How to read lines.

    device:    whose readings they are where a line does not say; None: it has to.
    zone:      of times that name none.
    columns:   of a CSV.  header: the line that named them.  delimiter: between its cells.
    quantities: names in the file → quantities here, where they differ.
    """

    device: DeviceId | None = None
    zone: tzinfo = UTC
    columns: tuple[str, ...] = ("device", "quantity", "value", "at")
    header: str = "device,quantity,value,at"
    delimiter: str = ","
    quantities: Mapping[str, str] = field(default_factory=dict)
