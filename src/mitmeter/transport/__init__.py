"""Sockets. Knows bytes, addresses and limits, nothing of protocols or of the journal."""

from mitmeter.transport.limits import Admission, Limits
from mitmeter.transport.link import Link, LinkOwner
from mitmeter.transport.tcp import TcpListener, connect, listen

__all__ = ["Admission", "Limits", "Link", "LinkOwner", "TcpListener", "connect", "listen"]
