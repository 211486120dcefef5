"""What strangers speak on a meter's port: protocols told by the first bytes of what is no KMP."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hint:
    """name: a short word for machines; title: the protocol in words."""

    name: str
    title: str
    pattern: re.Pattern[bytes]


def _hint(name: str, title: str, pattern: bytes) -> Hint:
    return Hint(name, title, re.compile(pattern, re.DOTALL))


# The first that matches is it, so the more exact come first. Each needs a few bytes to be sure.
HINTS: tuple[Hint, ...] = (
    _hint("tls", "a TLS hello", rb"\x16\x03[\x00-\x04]"),
    _hint("sslv2", "an SSL 2.0 hello", rb"\x80[\x2e-\x80]\x01\x00\x02"),
    _hint("http2", "an HTTP/2 preface", rb"PRI \* HTTP/2"),
    _hint("rtsp", "an RTSP request", rb"(OPTIONS|DESCRIBE|SETUP|PLAY) \S+ RTSP/"),
    _hint("sip", "a SIP request", rb"(OPTIONS|INVITE|REGISTER) sips?:"),
    _hint(
        "http",
        "an HTTP request",
        rb"(GET|POST|PUT|HEAD|CONNECT|DELETE|PATCH|TRACE) |OPTIONS [/*h]",
    ),
    _hint("ssh", "an SSH banner", rb"SSH-[12]\."),
    _hint("iec62056-21", "an IEC 62056-21 request", rb"/\?[0-9A-Za-z]{0,32}!|\x06[0-9]{3}\r\n"),
    _hint("rdp", "an RDP connection request", rb"\x03\x00\x00[\x0b-\xff].\xe0"),
    _hint("s7", "an S7 request", rb"\x03\x00..\x02\xf0\x80\x32"),
    _hint("modbus", "a Modbus request", rb"..\x00\x00\x00[\x02-\xff].[\x01-\x18\x2b\x5a]"),
    _hint("mqtt", "an MQTT connect", rb"\x10.{1,2}\x00[\x04\x06]MQ"),
    _hint("smb", "an SMB negotiation", rb"(\x00\x00..)?[\xff\xfe]SMB"),
    _hint("telnet", "telnet negotiation", rb"\xff[\xfb-\xfe]."),
    _hint("vnc", "a VNC banner", rb"RFB \d{3}\."),
    _hint("adb", "an Android debug connection", rb"CNXN"),
    _hint("java-rmi", "a Java RMI call", rb"JRMI"),
    _hint("redis", "a Redis command", rb"\*\d{1,4}\r\n\$|(?i:PING|INFO)\r?\n"),
    _hint("smtp", "an SMTP greeting", rb"(?i:EHLO|HELO) "),
    _hint("proxy", "a PROXY protocol header", rb"PROXY (TCP|UDP|UNKNOWN)|\r\n\r\n\x00\r\nQUIT\n"),
    _hint("socks5", "a SOCKS 5 greeting", rb"\x05[\x01-\x05](\x00|\x01|\x02)"),
    _hint("socks4", "a SOCKS 4 request", rb"\x04[\x01\x02]..[\x01-\xfe]"),
    _hint("dlms-hdlc", "a DLMS request over HDLC", rb"\x7e\xa0"),
    _hint("dlms", "a DLMS request", rb"\x00\x01\x00.\x00.\x00"),
    _hint("iec60870-5-104", "an IEC 60870-5-104 frame", rb"\x68\x04[\x07\x13\x43]\x00\x00\x00"),
    _hint("dnp3", "a DNP3 frame", rb"\x05\x64[\x05-\xff]"),
    _hint(
        "m-bus", "an M-Bus telegram", rb"\x10[\x40\x49\x4b\x5a-\x5b\x7a-\x7b].{2}\x16|\x68(.)\1\x68"
    ),
    _hint("management", "the module's management commands", rb"![ACGKNPRSVW][A-Z]\b|[HQ]\r?\n"),
    _hint("kamstrup-ascii", "the older ASCII meter dialect", rb"[0-9A-Fa-f]{8,64}\r"),
)

ENOUGH = 64  # bytes; what is not told by these is not told


def hint(raw: bytes) -> Hint | None:
    """Return what these bytes, the first of a stream, are the beginning of; None: nobody knows."""
    return next((each for each in HINTS if each.pattern.match(raw)), None)
