"""What an AlphaESS battery and its server say to each other, as values.

A message built on JSON keeps all its members in order, repeated keys included, so that nothing a
newer firmware adds is lost and encoding gives back what was decoded. Source: captured frames [O].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from mitmeter.model import Secret


@dataclass(frozen=True, slots=True)
class Object:
    """A JSON object inside a JSON value: members in order, repeated keys kept."""

    members: tuple[tuple[str, Json], ...]


Json = str | bool | None | Decimal | Object | tuple["Json", ...]
Members = tuple[tuple[str, Json], ...]


@dataclass(frozen=True, slots=True)
class JsonMessage:
    """Anything whose payload is one JSON object."""

    members: Members

    def get(self, name: str) -> str | None:
        """Return the first member of that name as text: booleans as `true`/`false`."""
        for key, value in self.members:
            if key == name:
                return as_text(value)
        return None


@dataclass(frozen=True, slots=True)
class Login(JsonMessage):
    """(1,2) UserName, Password, CompanyName; the user name is the serial number."""

    @property
    def password(self) -> Secret:
        return Secret(self.get("Password") or "")


@dataclass(frozen=True, slots=True)
class Ready:
    """(1,0) The empty marker after login."""


@dataclass(frozen=True, slots=True)
class Notice(JsonMessage):
    """(1,9) Event log, restart notice or socket notice: MsgType, MsgContent, Description."""


@dataclass(frozen=True, slots=True)
class ConfigRequest(JsonMessage):
    """(1,3) SN; asks the server for the stored configuration."""


@dataclass(frozen=True, slots=True)
class ConfigReply(JsonMessage):
    """(2,3) Status and, from a server that holds one, the whole configuration."""


@dataclass(frozen=True, slots=True)
class ConfigReport(JsonMessage):
    """(1,4) The configuration as the battery holds it."""


@dataclass(frozen=True, slots=True)
class Telemetry(JsonMessage):
    """(1,5) 89 members every five minutes."""


@dataclass(frozen=True, slots=True)
class Status(JsonMessage):
    """(1,16) 16 members every ten seconds."""


@dataclass(frozen=True, slots=True)
class ServerCommand(JsonMessage):
    """(1,8) Resume, SetConfig, SyncTime and others.

    command: the header's number: 8, or another where a note labels commands as (2,n) [I].
    """

    command: int = 8


@dataclass(frozen=True, slots=True)
class Acknowledgement(JsonMessage):
    """(2,8) The battery's echo of Command and CmdIndex with a Status; `command` as above."""

    command: int = 8


@dataclass(frozen=True, slots=True)
class Reply(JsonMessage):
    """(2,n) The server's answer to request n, ordinarily `{"Status":"Success"}`."""

    command: int


@dataclass(frozen=True, slots=True)
class History:
    """(1,12) One-minute rows as CSV.

    columns: the header line's names.
    rows:    text as sent; a row whose length differs from the header's is kept as it is.
    newline_at_end: whether the payload ends in LF (both are seen) [O].
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    newline_at_end: bool = False


@dataclass(frozen=True, slots=True)
class Other:
    """A sound frame with a content nobody has described: kept, shown, and answered when it asks.

    problem: why it is not one of the messages above, in words.
    """

    type: int
    command: int
    payload: bytes = field(repr=False)
    problem: str


Message = (
    Login
    | Ready
    | Notice
    | ConfigRequest
    | ConfigReply
    | ConfigReport
    | Telemetry
    | Status
    | ServerCommand
    | Acknowledgement
    | Reply
    | History
    | Other
)


def as_text(value: Json) -> str:
    """Return a member's value as the protocol would write it in text."""
    if isinstance(value, str):
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return "null"
    if isinstance(value, Decimal):
        return str(value)
    return ""
