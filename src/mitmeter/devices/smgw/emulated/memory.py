"""What a gateway remembers, as JSON in the unit's memory: small, bounded, and any nonsense is as if
nothing was there.
"""

from __future__ import annotations

import json
from typing import Any

from mitmeter.protocol import DeviceMemory


class Notes:
    """One named table of the unit's memory. All connections of the unit see the same."""

    def __init__(self, memory: DeviceMemory, name: str) -> None:
        self._memory = memory
        self._name = f"smgw.{name}"

    def read(self) -> dict[str, Any]:
        """Return the table as it is now; what the caller changes is kept only by `write`."""
        try:
            found = json.loads(self._memory.get(self._name) or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, table: dict[str, Any]) -> None:
        self._memory.set(self._name, json.dumps(table, separators=(",", ":"), sort_keys=True))
