"""Whether something keeps this machine's clock right, as far as the system tells."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

# struct timex of Linux: modes, then longs offset, freq, maxerror, esterror, then status.
_TIMEX = struct.Struct("@illlli")
_SIZE = 512  # more than the whole of it on any machine
_UNSYNCHRONISED = 0x40  # STA_UNSYNC
# What systemd-timesyncd leaves behind, for where the kernel may not be asked (ProtectClock).
_TIMESYNCD = Path("/run/systemd/timesync/synchronized")
_GUESSED_ERROR = 0.5


@dataclass(frozen=True, slots=True)
class SystemClock:
    """synchronised, and by how much the clock may be off, in seconds."""

    synchronised: bool
    error_seconds: float


def system_clock() -> SystemClock:
    """Ask the kernel, or look for what a time service has left. Unknown counts as not."""
    if sys.platform == "linux":
        buffer = ctypes.create_string_buffer(_SIZE)  # modes 0: change nothing, tell
        try:
            told = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
        except (OSError, AttributeError):
            told = -1
        if told >= 0:
            _, _, _, most_error, _, status = _TIMEX.unpack_from(buffer)
            return SystemClock(not status & _UNSYNCHRONISED, most_error / 1e6)
    return SystemClock(os.path.exists(_TIMESYNCD), _GUESSED_ERROR)
