"""One measured value, with its three clocks and its origin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from mitmeter.model.device import DeviceId
from mitmeter.model.lean import lean


class Origin(StrEnum):
    OBSERVED = "observed"
    SYNTHETIC = "synthetic"


@lean
class Reading:
    """One value of one quantity of one device.

    quantity: a name of the catalogue, or `vendor.<protocol>.<Field>`.
    value:    exact; text only for quantities of kind `state`.
    received: when we had the bytes, aware UTC.
    reported: the device's own time: naive when the device speaks local time without a zone, aware
              when it says UTC, None when it says nothing. With (device, quantity) this makes a
              reading one.
    live:     True when the device sent it at the moment it measured it, so that `reported -
              received` tells its clock's skew; False for rows out of its memory.
    at:       `reported` corrected to UTC by the device's skew; a projection leaves it None and the
              store's clock book fills it in. Only history that was corrected elsewhere comes with
              it, and with the moment it was `received` there.
    source:   id of the chunk in which the message ended; filled in by who reads the journal.
    """

    device: DeviceId
    quantity: str
    value: Decimal | str
    received: datetime
    reported: datetime | None = None
    live: bool = True
    at: datetime | None = None
    origin: Origin = Origin.OBSERVED
    source: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """What is now known of a device beside its measurements: firmware, model, configuration.

    A later fact of the same name replaces an earlier one. Parties read facts back through their
    context, so a stand-in server knows a battery's configuration after a restart.
    """

    device: DeviceId
    name: str
    value: str
    private: bool = False
