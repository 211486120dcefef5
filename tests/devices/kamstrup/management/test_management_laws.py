from mitmeter.devices.kamstrup.management import SPEC
from mitmeter.devices.kamstrup.management.codec import MAX_LINE, PIECE
from mitmeter.devices.kamstrup.management.strategies import messages
from mitmeter.testing.laws import Conformance


class TestManagementKeepsTheLaws(Conformance):
    """Every law but those that need a head-end of ours: there is none that reads the module."""

    spec = SPEC
    messages = messages()
    most_held = max(MAX_LINE, PIECE)
