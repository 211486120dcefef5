"""What a proxy may do to a display's conversation, by the name an operator gives."""

from __future__ import annotations

from collections.abc import Callable

from mitmeter.devices.glow.deny_writes import DenyWrites
from mitmeter.devices.glow.messages import Message
from mitmeter.devices.glow.redact_rule import RedactRule
from mitmeter.protocol import HeadendContext, Rule

RULES: dict[str, Callable[[HeadendContext], Rule[Message]]] = {
    "redact": RedactRule,
    "deny-writes": DenyWrites,
}
