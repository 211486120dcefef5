"""What a proxy may do to a conversation with a meter, by the name an operator gives."""

from __future__ import annotations

from collections.abc import Callable

from mitmeter.devices.kamstrup.deny_writes import DenyWrites
from mitmeter.devices.kamstrup.messages import Message
from mitmeter.devices.kamstrup.redact_rule import RedactRule
from mitmeter.protocol import HeadendContext, Rule

RULES: dict[str, Callable[[HeadendContext], Rule[Message]]] = {
    "redact": RedactRule,
    "deny-writes": DenyWrites,
}
