"""What is said at a gateway's consumer interface: HTTP, whatever the make.

What the bodies mean is read by `dialects/`; here nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mitmeter.wire.http_message import Headers


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks. target: the request-target as sent; Digest hashes it."""

    method: str
    target: str
    headers: Headers
    body: bytes = field(default=b"", repr=False)
    version: str = "1.1"


@dataclass(frozen=True, slots=True)
class Response:
    """What the gateway answers."""

    status: int
    headers: Headers
    body: bytes = field(default=b"", repr=False)
    reason: str = ""
    version: str = "1.1"


Message = Request | Response
