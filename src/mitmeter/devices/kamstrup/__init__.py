"""Kamstrup meters: KMP over TCP 1025, as the 382 behind its TCP/IP module speaks it."""

from mitmeter.devices.kamstrup.codec import KamstrupCodec
from mitmeter.devices.kamstrup.device import EmulatedMeter
from mitmeter.devices.kamstrup.headend import Headend
from mitmeter.devices.kamstrup.invent import invent
from mitmeter.devices.kamstrup.listing import listing
from mitmeter.devices.kamstrup.messages import Message
from mitmeter.devices.kamstrup.orders import COMMANDS
from mitmeter.devices.kamstrup.portrait import portrait
from mitmeter.devices.kamstrup.readings import KamstrupProjection, projection_with
from mitmeter.devices.kamstrup.recognise import recognises
from mitmeter.devices.kamstrup.redact import redact
from mitmeter.devices.kamstrup.reword import reworded
from mitmeter.devices.kamstrup.rules import RULES
from mitmeter.model import Side
from mitmeter.protocol import Spec

SPEC: Spec[Message] = Spec(
    name="kamstrup",
    title="Kamstrup meter",
    dials=Side.HEADEND,
    listen="tcp://127.0.0.1:1025",
    codec=KamstrupCodec,
    projection=KamstrupProjection,
    projection_with=projection_with,
    package="mitmeter.devices.kamstrup",
    headend=Headend,
    device=EmulatedMeter,
    rules=RULES,
    redact=redact,
    commands=COMMANDS,
    persona="382",
    invent=invent,
    portrait=portrait,
    listing=listing,
    recognises=recognises,
    reword=reworded,
)
