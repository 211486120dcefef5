"""Any device that speaks TCP or TLS: bytes passed on and kept, whatever they mean.

Nobody is trapped or emulated here, and nothing is read: `mitmeter proxy tcp` and `proxy tls` stand
in between. What another protocol recognises by its first bytes is decoded by that one.
"""

from dataclasses import replace

from mitmeter.devices.plain.codec import PlainCodec
from mitmeter.devices.plain.messages import Message
from mitmeter.devices.plain.readings import PlainProjection
from mitmeter.devices.plain.reword import reworded
from mitmeter.model import Side
from mitmeter.protocol import Spec

TCP: Spec[Message] = Spec(
    name="tcp",
    title="Any device over TCP",
    dials=Side.DEVICE,
    listen="tcp://127.0.0.1:4000",
    codec=PlainCodec,
    projection=PlainProjection,
    package="mitmeter.devices.plain",
    reword=reworded,
    plain=True,
)
TLS: Spec[Message] = replace(
    TCP, name="tls", title="Any device over TLS", listen="tls://127.0.0.1:4433"
)
