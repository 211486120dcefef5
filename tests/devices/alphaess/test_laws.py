from mitmeter.devices.alphaess import SPEC
from mitmeter.devices.alphaess.strategies import messages
from mitmeter.testing.laws import Conformance


class TestAlphaEssKeepsTheLaws(Conformance):
    """Every law a protocol inherits by naming its SPEC.

    most_held: two largest frames that may both still turn out sound, and a piece of garbage.
    """

    spec = SPEC
    messages = messages()
    most_held = 2 * 65_545 + 4_096
