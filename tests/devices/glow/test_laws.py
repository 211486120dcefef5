from mitmeter.devices.glow import SPEC
from mitmeter.devices.glow.strategies import messages
from mitmeter.testing.laws import Conformance


class TestGlowKeepsTheLaws(Conformance):
    """Every law a protocol inherits by naming its SPEC.

    most_held: a request's largest head and body.
    """

    spec = SPEC
    messages = messages()
    most_held = 16_384 + 65_536
