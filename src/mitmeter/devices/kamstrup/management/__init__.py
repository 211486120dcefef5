"""The management service of the meters' TCP/IP module: text lines on port 50100, no login."""

from mitmeter.devices.kamstrup.invent import invent
from mitmeter.devices.kamstrup.management.codec import ManagementCodec
from mitmeter.devices.kamstrup.management.device import Module
from mitmeter.devices.kamstrup.management.kap import keep_alive
from mitmeter.devices.kamstrup.management.messages import Message
from mitmeter.devices.kamstrup.management.readings import ManagementProjection
from mitmeter.devices.kamstrup.management.redact import redact
from mitmeter.model import Side
from mitmeter.protocol import Spec

SPEC: Spec[Message] = Spec(
    name="kamstrup-management",
    title="Kamstrup TCP/IP module, management",
    dials=Side.HEADEND,
    listen="tcp://127.0.0.1:50100",
    codec=ManagementCodec,
    projection=ManagementProjection,
    package="mitmeter.devices.kamstrup.management",
    device=Module,
    redact=redact,
    invent=invent,
    persona="382",
    beat=keep_alive,
)
