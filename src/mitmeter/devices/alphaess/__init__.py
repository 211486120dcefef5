"""AlphaESS SMILE and Storion batteries: clear text to TCP 7777, firmware until about 2023."""

from mitmeter.devices.alphaess.codec import AlphaEssCodec
from mitmeter.devices.alphaess.control import COMMANDS
from mitmeter.devices.alphaess.device import Battery
from mitmeter.devices.alphaess.headend import Headend
from mitmeter.devices.alphaess.messages import Message
from mitmeter.devices.alphaess.readings import AlphaEssProjection
from mitmeter.devices.alphaess.recognise import recognises
from mitmeter.devices.alphaess.redact import redact
from mitmeter.devices.alphaess.reword import reworded
from mitmeter.devices.alphaess.rules import RULES
from mitmeter.model import Side
from mitmeter.protocol import Spec

SPEC: Spec[Message] = Spec(
    name="alphaess",
    title="AlphaESS battery",
    dials=Side.DEVICE,
    listen="tcp://127.0.0.1:7777",
    codec=AlphaEssCodec,
    projection=AlphaEssProjection,
    package="mitmeter.devices.alphaess",
    hosts=("www.alphaess.com",),
    headend=Headend,
    device=Battery,
    rules=RULES,
    redact=redact,
    commands=COMMANDS,
    persona="smile5",
    recognises=recognises,
    reword=reworded,
)
