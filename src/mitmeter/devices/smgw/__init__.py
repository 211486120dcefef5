"""German smart meter gateways at their consumer interface (HAN port)."""

from mitmeter.devices.smgw.codec import SmgwCodec
from mitmeter.devices.smgw.device import EmulatedGateway
from mitmeter.devices.smgw.emulated.identity import certificate_name
from mitmeter.devices.smgw.headend import Headend
from mitmeter.devices.smgw.listing import listing
from mitmeter.devices.smgw.messages import Message
from mitmeter.devices.smgw.readings import SmgwProjection
from mitmeter.devices.smgw.redact import redact
from mitmeter.devices.smgw.reverse import GatewayReverse
from mitmeter.model import Side
from mitmeter.protocol import Spec

SPEC: Spec[Message] = Spec(
    name="smgw",
    title="Smart meter gateway",
    dials=Side.HEADEND,
    # A gateway listens on port 443; this one needs no privileges to be tried out.
    listen="tls://127.0.0.1:8443",
    codec=SmgwCodec,
    projection=SmgwProjection,
    package="mitmeter.devices.smgw",
    headend=Headend,
    device=EmulatedGateway,
    redact=redact,
    persona="theben",
    certificate="smgw",
    listing=listing,
    reverse=GatewayReverse,
    shown_as=certificate_name,
)
