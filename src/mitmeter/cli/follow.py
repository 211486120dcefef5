"""Printing what is said while it is said, from a thread of its own."""

from __future__ import annotations

import queue
import sys
import threading

from mitmeter.cli.transcript import Transcript
from mitmeter.daemon.services import Services
from mitmeter.journal.records import Closed, Entry

# A terminal that stands still holds up nobody: beyond so many, what is said is only counted.
_MOST_WAITING = 10_000
# How long a request waits for its answer to be printed beside it.
_PAIR_SECONDS = 1.5


def follow(services: Services, transcript: Transcript) -> None:
    """Print everything that is said from now on, for as long as somebody reads it."""
    followed = _Follower(transcript)
    services.watchers.append(followed.heard)
    services.leavers.append(lambda name, reason, ns: followed.heard(Closed(name, reason, ns)))
    # A daemon: what stands in the way of printing is no reason not to end.
    threading.Thread(target=followed.run, name="follow", daemon=True).start()


class _Follower:
    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._waiting: queue.Queue[Entry] = queue.Queue(_MOST_WAITING)
        self._left_out = 0

    def heard(self, record: Entry) -> None:
        try:
            self._waiting.put_nowait(record)
        except queue.Full:
            self._left_out += 1

    def run(self) -> None:
        try:
            while True:
                self._print_next()
        except (OSError, ValueError):
            # Nobody reads it any more; the daemon goes on.
            return

    def _print_next(self) -> None:
        try:
            record = self._waiting.get(timeout=_PAIR_SECONDS)
        except queue.Empty:
            lines = list(self._transcript.rest())
        else:
            lines = list(self._transcript.lines(record))
        left_out, self._left_out = self._left_out, 0
        if left_out:
            lines.append(
                f"── {left_out:,} chunks went by too fast to be shown; the journal has them"
            )
        if lines:
            sys.stdout.write("".join(f"{line}\n" for line in lines))
            sys.stdout.flush()
