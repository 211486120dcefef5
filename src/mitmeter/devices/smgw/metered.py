"""What all makes say in the end: values of registers, contracts, and who the gateway is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from mitmeter.devices.smgw.status import Ptb


@dataclass(frozen=True, slots=True)
class Value:
    """One value of one register, as a gateway tells it.

    meter:  its id, lower case; "" where the answer does not tell.
    code:   the register's 12 hex digits.
    number: the physical value in `unit`, exact.
    at:     when it was measured, aware UTC: the target time where there is one.
    ptb:    how good it is; `why` in words where it is not.
    status: as told.
    """

    meter: str
    code: str
    number: Decimal
    unit: str
    at: datetime
    ptb: Ptb = Ptb.OK
    status: str = ""
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contract:
    """What a gateway keeps for whom, as far as it matters here.

    running: it is in force now. meters: ids, lower case.
    """

    id: str
    name: str
    taf: str
    running: bool
    meters: tuple[str, ...]
    metering_point: str = ""


@dataclass(frozen=True, slots=True)
class Gateway:
    """What a gateway says of itself; "" for what it does not say.

    clock: what its clock shows, aware UTC.
    state: in words, "ok" for a sound one.
    """

    id: str = ""
    firmware: str = ""
    clock: datetime | None = None
    state: str = ""
