"""mitmeter, "meter in the middle": read the energy devices in your own house, locally.

Each folder below is one room. This file stays empty of imports, so that importing it is cheap.
"""

__version__ = "0.1.0"
