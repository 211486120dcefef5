from mitmeter.devices.efergy import SPEC
from mitmeter.devices.efergy.codec import MAX_HEAD
from mitmeter.devices.efergy.registers import MAX_BODY
from mitmeter.devices.efergy.strategies import messages
from mitmeter.testing.laws import Conformance


class TestEfergyKeepsTheLaws(Conformance):
    """Every law a protocol inherits by naming its SPEC.

    most_held: a head and a body of the greatest size, and the line that would be too much.
    """

    spec = SPEC
    messages = messages()
    most_held = MAX_HEAD + MAX_BODY + 4_096
