"""What every test of the configuration is given."""

from __future__ import annotations

from tests.config.known_protocols import known

__all__ = ["known"]
