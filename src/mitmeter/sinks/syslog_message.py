"""One syslog message in the form of RFC 5424, and its frame on a stream. Pure."""

from __future__ import annotations

from datetime import datetime

from mitmeter.model import Severity
from mitmeter.sinks.flat import utc_text

FACILITIES = {
    "user": 1,
    "daemon": 3,
    "auth": 4,
    "authpriv": 10,
    **{f"local{number}": 16 + number for number in range(8)},
}
_LEVELS = {Severity.INFO: 6, Severity.NOTICE: 5, Severity.WARNING: 4, Severity.ALARM: 1}
# The enterprise number that RFC 5612 reserves for documentation: we have none of our own.
_SD_ID = "mitmeter@32473"


def syslog_message(
    *,
    facility: str,
    severity: Severity,
    at: datetime,
    host: str,
    process: int,
    msgid: str,
    data: dict[str, str],
    message: str,
) -> bytes:
    """Return `<PRI>1 TIME HOST mitmeter PROCID MSGID [data] MESSAGE`.

    message: ASCII, so it needs no byte order mark (RFC 5424, 6.4). A value that is "" is left out.
    """
    priority = FACILITIES[facility] * 8 + _LEVELS[severity]
    parameters = "".join(f' {name}="{escaped(value)}"' for name, value in data.items() if value)
    structured = f"[{_SD_ID}{parameters}]" if parameters else "-"
    header = (
        f"<{priority}>1 {utc_text(at)} {_word(host, 255)} mitmeter {process} {_word(msgid, 32)}"
    )
    return f"{header} {structured} {message}".encode("utf-8", "replace")


def escaped(value: str) -> str:
    """Return a parameter's value: quote, backslash and closing bracket escaped (RFC 5424, 6.3.3).

    Control characters, which are allowed and upset most who read them, are shown as \\x0a.
    """
    text = value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
    return "".join(c if c.isprintable() else f"\\\\x{ord(c):02x}" for c in text)


def _word(text: str, longest: int) -> str:
    """Return a header's field: printable ASCII without spaces, "-" for none (RFC 5424, 6)."""
    return "".join(c for c in text if "!" <= c <= "~")[:longest] or "-"


def framed(message: bytes) -> bytes:
    """Return the message as it stands on a stream: its length first (RFC 6587, 3.4.1)."""
    return b"%d %s" % (len(message), message)
