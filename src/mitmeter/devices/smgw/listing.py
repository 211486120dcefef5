"""What was read, for who probes: of each meter the newest value of everything, and its time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from mitmeter.devices.smgw.messages import Message
from mitmeter.devices.smgw.readings import SmgwProjection
from mitmeter.model import DeviceId, Reading, quantity
from mitmeter.protocol import Listed, Spoken

# When it was heard is not told here, and only tells an hour that comes twice apart.
_LATER = datetime(9000, 1, 1, tzinfo=UTC)


def listing(said: Iterable[Spoken[Message]]) -> list[Listed]:
    """Return the newest values by meter; history that was read as well is not listed."""
    projection = SmgwProjection()
    newest: dict[DeviceId, dict[str, Reading]] = {}
    for each in said:
        for found in projection.project(each.sender, each.item.message, _LATER):
            if isinstance(found, Reading):
                known = newest.setdefault(found.device, {})
                before = known.get(found.quantity)
                if before is None or _time(before) <= _time(found):
                    known[found.quantity] = found
    listed: list[Listed] = []
    for device, values in newest.items():
        last = max(_time(each) for each in values.values())
        listed.append(Listed(f"{device.serial} measured", f"{last:%Y-%m-%d %H:%M:%S}", "UTC"))
        listed += (
            Listed(f"{device.serial} {name}", str(values[name].value), quantity(name).unit)
            for name in sorted(values)
        )
    return listed


def _time(reading: Reading) -> datetime:
    return reading.reported or _LATER
