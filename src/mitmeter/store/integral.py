"""Energy from power: a counter of its own for each power of a vendor that has none.

`vendor.<protocol>.<sensor>.watts` → `vendor.<protocol>.<sensor>.energy.estimated`, in kWh, from 0
at the first reading on, with one more reading for each of the power. Made by the writer in the
transaction of the power itself, from the readings in the order in which they came, so the same
journal always gives the same counter.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from mitmeter.store.scale import BRIDGE, areas, microwatts, sample
from mitmeter.store.value import Columns

_WATTS = ".watts"
_ESTIMATED = ".energy.estimated"
# Of the 1e-9 kWh it is reckoned in, a counter shows 1e-6.
_SHOWN = 1_000
_SHOWN_EXPONENT = -6


def estimated_from(name: str) -> str | None:
    """Return the quantity a power is integrated to, or None for what is not integrated."""
    if name.startswith("vendor.") and name.endswith(_WATTS):
        return name.removesuffix(_WATTS) + _ESTIMATED
    return None


@dataclass(slots=True)
class _State:
    """at: µs; power: 1e-6 W; energy: 1e-9 kWh; of negative power there is none."""

    at: int
    power: int
    energy: int


class Integrals:
    """The integrations of one store, as its writer keeps them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._changed: set[tuple[int, int]] = set()
        self._states = {
            (device, quantity): _State(at, power, energy)
            for device, quantity, at, power, energy in connection.execute(
                "SELECT device, quantity, at, power, energy FROM integrals"
            )
        }

    def step(
        self, device: int, quantity: int, at: int, value: Columns, *, live: bool
    ) -> Columns | None:
        """Take a reading of a power in; return the counter's, or None where it has none.

        A reading out of a device's memory from before the newest one changes nothing: a counter
        does not go back. A live one from before it says that the newest had a wrong time, and the
        line begins anew.
        """
        mantissa, exponent = value
        if exponent is None:
            return None
        found = sample(at, mantissa, exponent)
        if found is None:
            return None
        power = microwatts(found)
        state = self._states.get((device, quantity))
        if state is None:
            state = self._states[device, quantity] = _State(at, power, 0)
        elif at > state.at:
            if at - state.at <= BRIDGE:
                plus, _ = areas(state.power, power, at - state.at)
                state.energy += plus
            state.at, state.power = at, power
        elif live and state.at - at > BRIDGE:
            state.at, state.power = at, power
        else:
            return None
        self._changed.add((device, quantity))
        return state.energy // _SHOWN, _SHOWN_EXPONENT

    def commit(self) -> None:
        """Write down what changed since the last call."""
        self._db.executemany(
            "INSERT OR REPLACE INTO integrals (device, quantity, at, power, energy)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                (*key, self._states[key].at, self._states[key].power, self._states[key].energy)
                for key in sorted(self._changed)
            ),
        )
        self._changed.clear()
