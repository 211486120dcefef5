"""Errors that say whose fault it is: the operator's, the peer's, ours, the link's, the disk's.

Exceptions are for a caller who asked. On the tap path a bad frame is data, never an exception.
"""

from __future__ import annotations


class MitmeterError(Exception):
    """Anything reported as one clear line; the command line prints it without a traceback."""


class ConfigError(MitmeterError):
    """The operator's input is wrong. `key` is the path of the offending key, such as
    `station[2].listen`.
    """

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}" if key else problem)
        self.key = key
        self.problem = problem


class RemoteProtocolError(MitmeterError):
    """The peer said something its protocol does not allow."""


class LocalProtocolError(MitmeterError):
    """We tried to say something the protocol does not allow."""


class LinkError(MitmeterError):
    """A connection or a listener failed: refused, reset, port in use, name not found."""


class JournalError(MitmeterError):
    """The journal could not be read or written."""


class StoreError(MitmeterError):
    """The store could not be opened, migrated, read or written."""


class SinkError(MitmeterError):
    """A destination refused or lost what was sent to it."""
