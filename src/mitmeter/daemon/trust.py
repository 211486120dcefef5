"""Trust on first use, as a station lives it: judged before a word is said, and told of."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mitmeter.daemon.services import Services
from mitmeter.errors import LinkError
from mitmeter.model import Severity, printable
from mitmeter.transport.pins import WARN_BEFORE, Changed, New, Pin, PinBook

if TYPE_CHECKING:
    from mitmeter.transport.tls import Trust

log = logging.getLogger("mitmeter")

FILE = "pins.json"


def pin_book(data: Path) -> PinBook:
    """Return the pins of a data directory."""
    return PinBook(data / FILE)


class FirstUse:
    """The judge of one server's certificate, for `transport.tls.Judged`.

    where: host and port as they are dialled.
    changed: whether the last certificate seen was another than the pinned one.
    """

    def __init__(self, services: Services, station: str, where: str) -> None:
        self._services = services
        self._station = station
        self._where = where.lower()
        self._book = pin_book(services.data)
        self._warned: str = ""
        self.changed = False

    @property
    def trust(self) -> Trust:
        """What a connection to the server is to be made with."""
        from mitmeter.transport.tls import Judged

        return Judged(self.judge)

    def judge(self, der: bytes) -> str:
        """Return "" for the pinned certificate, or the first one; else why not."""
        self.changed = False
        try:
            judged = self._book.judge(self._where, der, self._station, self._services.clock.now())
        except LinkError as exc:
            # A book that cannot be read is no reason to trust anew.
            return str(exc)
        if isinstance(judged, Changed):
            self.changed = True
            if judged.first:
                self._tell_of_change(judged)
            return str(judged)
        if isinstance(judged, New):
            self._tell_of_first(judged.pin)
        self._warn_of_end(judged.pin)
        return ""

    def _tell_of_first(self, pin: Pin) -> None:
        shown = pin.trusted
        self._services.happened(
            "mitmeter.certificate.pinned",
            f"{pin.where} is trusted from now on by its certificate {shown.sha256} "
            f"({printable(shown.subject)}, until {shown.ends[:10]})",
            severity=Severity.NOTICE,
            station=self._station,
            fields={
                "server": pin.where,
                "sha256": shown.sha256,
                "subject": printable(shown.subject),
                "not_after": shown.ends,
            },
        )

    def _tell_of_change(self, judged: Changed) -> None:
        refused = judged.pin.refused
        assert refused is not None  # noqa: S101 - it is what changed
        self._services.happened(
            "mitmeter.certificate.changed",
            printable(str(judged), 600),
            severity=Severity.ALARM,
            station=self._station,
            fields={
                "server": judged.pin.where,
                "trusted_sha256": judged.pin.trusted.sha256,
                "shown_sha256": refused.sha256,
                "shown_subject": printable(refused.subject),
            },
        )

    def _warn_of_end(self, pin: Pin) -> None:
        left = pin.trusted.not_after - self._services.clock.now()
        if left > WARN_BEFORE or self._warned == pin.trusted.sha256:
            return
        self._warned = pin.trusted.sha256
        ended = left < timedelta(0)
        self._services.happened(
            "mitmeter.certificate.ending",
            f"the certificate of {pin.where} {'ended' if ended else 'ends'} on "
            f"{pin.trusted.ends[:10]}; it stays trusted, but expect another one",
            severity=Severity.WARNING,
            station=self._station,
            fields={"server": pin.where, "not_after": pin.trusted.ends},
        )
