"""The simulated house behind every emulated device: load, sun, battery, gas, tariff and grid.

Pure: an instant comes in, powers and energies come out, the same for ever by seed, start and site.
It knows no device protocol and has no clock, no file and no hidden randomness.
"""

from mitmeter.simulate.house import House, Integrals
from mitmeter.simulate.site import BatterySize, PvString, Site
from mitmeter.simulate.tariff import Tariff

__all__ = ["BatterySize", "House", "Integrals", "PvString", "Site", "Tariff"]
