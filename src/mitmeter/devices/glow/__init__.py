"""Glow displays (Hildebrand): readings by HTTPS POST to *.cad.sensornet.info, or by local MQTT."""

from mitmeter.devices.glow.codec import GlowCodec
from mitmeter.devices.glow.device import Display
from mitmeter.devices.glow.headend import Headend
from mitmeter.devices.glow.messages import Message
from mitmeter.devices.glow.readings import GlowProjection
from mitmeter.devices.glow.recognise import recognises
from mitmeter.devices.glow.redact import redact
from mitmeter.devices.glow.rules import RULES
from mitmeter.model import Side
from mitmeter.protocol import Spec

SPEC: Spec[Message] = Spec(
    name="glow",
    title="Glow display",
    dials=Side.DEVICE,
    # A display comes to port 443 and no other; this one needs no privileges to be tried out.
    listen="tls://127.0.0.1:8443",
    codec=GlowCodec,
    projection=GlowProjection,
    package="mitmeter.devices.glow",
    hosts=("*.cad.sensornet.info",),
    headend=Headend,
    device=Display,
    rules=RULES,
    redact=redact,
    persona="ihd",
    certificate="glow",
    topics=("{prefix}/+/SENSOR/#", "{prefix}/+/STATE"),
    recognises=recognises,
)
