"""What a proxy may do to a battery's conversation, by the name an operator gives.

Where several are chosen, `inject` belongs in front of `redact`, so that it learns the configuration
as it is.
"""

from __future__ import annotations

from collections.abc import Callable

from mitmeter.devices.alphaess.deny_writes import DenyWrites
from mitmeter.devices.alphaess.inject import Inject
from mitmeter.devices.alphaess.messages import Message
from mitmeter.devices.alphaess.redact_rule import RedactRule
from mitmeter.protocol import HeadendContext, Rule

RULES: dict[str, Callable[[HeadendContext], Rule[Message]]] = {
    "redact": RedactRule,
    "deny-writes": DenyWrites,
    "inject": Inject,
}
