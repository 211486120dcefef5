"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# How long one example takes says more about this machine's other work than about our code.
settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")
