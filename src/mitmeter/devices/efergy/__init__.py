"""Efergy Engage and Energyhive hubs: HTTP over SSL 3.0 to a cloud that is gone."""

from mitmeter.devices.efergy.codec import EfergyCodec
from mitmeter.devices.efergy.device import Hub
from mitmeter.devices.efergy.headend import Headend
from mitmeter.devices.efergy.messages import Message
from mitmeter.devices.efergy.readings import EfergyProjection
from mitmeter.devices.efergy.recognise import recognises
from mitmeter.devices.efergy.redact import redact
from mitmeter.model import Side
from mitmeter.protocol import Spec

SPEC: Spec[Message] = Spec(
    name="efergy",
    title="Efergy hub",
    dials=Side.DEVICE,
    # What a hub itself speaks; behind a front that ends SSL 3.0 it is tcp://.
    listen="ssl3://127.0.0.1:443",
    certificate="legacy",
    codec=EfergyCodec,
    projection=EfergyProjection,
    projection_with=EfergyProjection,
    package="mitmeter.devices.efergy",
    hosts=("*.sensornet.info",),
    headend=Headend,
    device=Hub,
    redact=redact,
    persona="h3",
    recognises=recognises,
)
