"""Sockets. Knows bytes, addresses and limits, nothing of protocols or of the journal.

`legacy_tls` is not listed here: whoever needs it imports it where it is needed.
"""

from mitmeter.transport.certificates import Authority, Certificate
from mitmeter.transport.limits import Admission, Limits
from mitmeter.transport.link import Link, LinkOwner
from mitmeter.transport.secure import FailedHandshake, Patience, SecureLink
from mitmeter.transport.secure_sockets import SecureListener
from mitmeter.transport.tcp import TcpListener, connect, listen
from mitmeter.transport.tls import (
    Identity,
    Pinned,
    Trust,
    Unverified,
    Verified,
    connect_tls,
    listen_tls,
)
from mitmeter.transport.udp import SourceRate, UdpListener, listen_udp

__all__ = [
    "Admission",
    "Authority",
    "Certificate",
    "FailedHandshake",
    "Identity",
    "Limits",
    "Link",
    "LinkOwner",
    "Patience",
    "Pinned",
    "SecureLink",
    "SecureListener",
    "SourceRate",
    "TcpListener",
    "Trust",
    "UdpListener",
    "Unverified",
    "Verified",
    "connect",
    "connect_tls",
    "listen",
    "listen_tls",
    "listen_udp",
]
