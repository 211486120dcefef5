"""The clock book: gives every reading its time by UTC, and says how wrong each device's clock is.

Sans-IO: no clock is read, nothing is written; what is remembered of a device is a text. Fed in the
journal's order it always gives the same times; stopped anywhere between two calls and started again
from the texts, it goes on as if it had never stopped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from decimal import Decimal

from mitmeter.model import DeviceId, Event, Reading, Severity
from mitmeter.store.batch import Clock, Moment
from mitmeter.store.track import ABSURD, SECOND, Judgement, Track, ZoneOffset, dump, load
from mitmeter.store.value import instant, micros, wall

_MICROSECOND = timedelta(microseconds=1)
_DAYLIGHT_SAVING_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Dated:
    """Readings with their times, `clock.skew` readings among them, and what happened to clocks."""

    moments: list[Moment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


class ClockBook:
    """The clocks of all devices of one site.

    zone:   the site's; a device's clock without a zone is measured against it.
    states: what `changed` gave, by device.
    """

    def __init__(self, zone: tzinfo, states: Mapping[DeviceId, str] | None = None) -> None:
        self._zone_at = _zone_at(zone)
        self._zone_wall = _zone_wall(zone)
        self._tracks: dict[tuple[DeviceId, bool], Track] = {}
        self._touched: set[DeviceId] = set()
        for device, text in (states or {}).items():
            for name, plain in json.loads(text).items():
                self._track(device, utc=name == "utc").state = load(plain)

    def date(self, readings: Iterable[Reading], source: str = "") -> Dated:
        """Give the readings of one chunk their times.

        Feed all that one chunk came to at once: of messages that arrive together the latest tells
        the clock best. Each `clock.skew` and each event appears where its cause does. A reading
        that has its time already (imported history) keeps it, and says nothing of any clock.
        """
        dated = Dated()
        groups = _grouped(readings)
        for group in groups:
            self._date_group(group, groups, source, dated)
        return dated

    def changed(self) -> dict[DeviceId, str]:
        """Return the state of each device that was met since the last call, as text."""
        texts: dict[DeviceId, str] = {}
        for device in sorted(self._touched):
            plain = {
                name: dump(self._tracks[device, utc].state)
                for name, utc in (("local", False), ("utc", True))
                if (device, utc) in self._tracks
            }
            texts[device] = json.dumps(plain, separators=(",", ":"))
        self._touched.clear()
        return texts

    def _date_group(
        self, group: list[Reading], groups: list[list[Reading]], source: str, dated: Dated
    ) -> None:
        first = group[0]
        if first.at is not None:
            dated.moments.append(Moment(group, first.at, _clock_of(first), 0, source))
            return
        if first.reported is None:
            dated.moments.append(Moment(group, first.received, Clock.RECEIVED, 0, source))
            return
        utc = first.reported.tzinfo is not None
        track = self._track(first.device, utc=utc)
        self._touched.add(first.device)
        reported, received = micros(first.reported), micros(first.received)
        if not first.live:
            judged = track.row(reported, received)
        else:
            best = reported - received
            if not track.state.eras and len(groups) > 1:
                best = _best_sample(groups, first.device, utc=utc, least=best)
            judged = track.live(reported, received, best)
        clock = Clock.UTC if utc else Clock.LOCAL
        if judged.unset:
            clock = Clock.UNSET_UTC if utc else Clock.UNSET_LOCAL
        dated.moments.append(Moment(group, instant(judged.at), clock, judged.fold, source))
        if judged.jump is not None or judged.first_unset:
            dated.events.append(_event(first, judged, track))
        if first.live and not judged.unset:
            skew = track.skew_due(received)
            if skew is not None:
                dated.moments.append(_skew(first, skew, source))

    def _track(self, device: DeviceId, *, utc: bool) -> Track:
        track = self._tracks.get((device, utc))
        if track is None:
            zones = (_no_offset, _no_offset) if utc else (self._zone_at, self._zone_wall)
            track = self._tracks[device, utc] = Track(*zones, utc=utc)
        return track


def _grouped(readings: Iterable[Reading]) -> list[list[Reading]]:
    """Return runs of readings that share device, times and origin."""
    groups: list[list[Reading]] = []
    head: Reading | None = None
    for reading in readings:
        if (
            head is not None
            and reading.reported == head.reported
            and reading.received == head.received
            and reading.at == head.at
            and reading.live is head.live
            and reading.origin is head.origin
            and (reading.device is head.device or reading.device == head.device)
        ):
            groups[-1].append(reading)
        else:
            head = reading
            groups.append([reading])
    return groups


def _clock_of(reading: Reading) -> Clock:
    """Return whose clock tells a reading apart whose time somebody has corrected before."""
    if reading.reported is None:
        return Clock.RECEIVED
    return Clock.LOCAL if reading.reported.tzinfo is None else Clock.UTC


def _best_sample(
    groups: Sequence[Sequence[Reading]], device: DeviceId, *, utc: bool, least: int
) -> int:
    best = least
    for group in groups:
        each = group[0]
        if not each.live or each.device != device or each.reported is None:
            continue
        if (each.reported.tzinfo is not None) is not utc:
            continue
        sample = micros(each.reported) - micros(each.received)
        if abs(sample) <= ABSURD:
            best = max(best, sample)
    return best


def _skew(cause: Reading, skew: int, source: str) -> Moment:
    """Return the skew as a reading, in seconds, to a tenth: clocks say whole seconds at best."""
    tenths = (skew + SECOND // 20) // (SECOND // 10)
    reading = Reading(
        device=cause.device,
        quantity="clock.skew",
        value=Decimal(tenths).scaleb(-1),
        received=cause.received,
        at=cause.received,
        origin=cause.origin,
        source=source,
    )
    return Moment([reading], cause.received, Clock.RECEIVED, 0, source)


def _event(cause: Reading, judged: Judgement, track: Track) -> Event:
    if judged.jump is None:
        return Event(
            "mitmeter.clock.unset",
            cause.received,
            f"clock of {cause.device} says {cause.reported:%Y-%m-%d %H:%M:%S}: it is not set, "
            "its readings get the time they were received",
            Severity.NOTICE,
            cause.device,
            {"reported": f"{cause.reported:%Y-%m-%dT%H:%M:%S}"},
        )
    change = judged.jump.after - judged.jump.before
    seconds = _whole_seconds(abs(change))
    hint = " (daylight saving?)" if abs(seconds - _DAYLIGHT_SAVING_SECONDS) <= 30 else ""
    zone = track.zone_at(micros(cause.received))
    return Event(
        "mitmeter.clock.jumped",
        cause.received,
        f"clock of {cause.device} went {'forward' if change > 0 else 'back'} by {seconds} s{hint}",
        Severity.NOTICE,
        cause.device,
        {
            "change_seconds": _whole_seconds(change),
            "before_seconds": _whole_seconds(judged.jump.before - zone),
            "after_seconds": _whole_seconds(judged.jump.after - zone),
        },
    )


def _whole_seconds(us: int) -> int:
    return (us + SECOND // 2) // SECOND


def _zone_at(zone: tzinfo) -> ZoneOffset:
    def offset(us: int) -> int:
        return (instant(us).astimezone(zone).utcoffset() or timedelta(0)) // _MICROSECOND

    return offset


def _zone_wall(zone: tzinfo) -> ZoneOffset:
    def offset(us: int) -> int:
        return (wall(us).replace(tzinfo=zone).utcoffset() or timedelta(0)) // _MICROSECOND

    return offset


def _no_offset(us: int) -> int:
    return 0
