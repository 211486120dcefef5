"""History that somebody else has kept: lines of JSON, CSV or InfluxDB's line protocol.

It comes out of files (`mitmeter import`) and is met on no network: there is nobody to trap, probe
or emulate. It is a protocol so that what is imported lies in the journal like everything else.
"""

from mitmeter.devices.history.codec import HistoryCodec
from mitmeter.devices.history.messages import Message
from mitmeter.devices.history.readings import HistoryProjection
from mitmeter.devices.history.redact import redact
from mitmeter.model import Side
from mitmeter.protocol import Spec

SPEC: Spec[Message] = Spec(
    name="history",
    title="History from files: JSON Lines, CSV, InfluxDB line protocol",
    dials=Side.DEVICE,
    listen="",
    codec=HistoryCodec,
    projection=HistoryProjection,
    projection_with=HistoryProjection,
    package="mitmeter.devices.history",
    redact=redact,
)
