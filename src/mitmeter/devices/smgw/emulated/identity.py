"""Whom an emulated gateway is, in its certificate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def certificate_name(persona: Mapping[str, Any]) -> str:
    """Return the common name of the certificate: the gateway's id, as `<id>.smgw`.

    Source: subject of Theben's, fact sheet §1.3 [O]; of others the bare id is known [O].
    """
    gateway = persona.get("gateway")
    identity = str(gateway.get("id", "")) if isinstance(gateway, Mapping) else ""
    return f"{identity.lower() or 'gateway'}.smgw"
