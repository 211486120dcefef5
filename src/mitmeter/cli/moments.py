"""Times as people type them: a date, a time, or how long ago."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo

import click

from mitmeter.config.amounts import parse_duration
from mitmeter.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` on, up to `until` and not including it; None is no bound."""

    since: datetime | None = None
    until: datetime | None = None

    def __contains__(self, at: datetime) -> bool:
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def parse_span(since: str | None, until: str | None, zone: tzinfo, now: datetime) -> Span:
    """Return what --since and --until say. Raises a usage error for what is no time, or no span."""
    span = Span(
        parse_moment(since, "--since", zone, now), parse_moment(until, "--until", zone, now)
    )
    if span.since is not None and span.until is not None and span.until <= span.since:
        raise click.UsageError(f"--until: {until!r} is not after --since {since!r}")
    return span


def parse_moment(text: str | None, key: str, zone: tzinfo, now: datetime) -> datetime | None:
    """Return the instant meant, in UTC; None for None.

    `2026-11-20`, `2026-11-20T08:00` with or without an offset (without: `zone`), `08:00` (today),
    or a duration such as `90m` or `2d`, which is that long before `now`.
    Raises a usage error that names `key`.
    """
    if text is None:
        return None
    try:
        at = _written(text.strip(), zone, now)
        return now - parse_duration(text.strip()) if at is None else at.astimezone(UTC)
    except (ConfigError, OverflowError):
        raise click.UsageError(
            f"{key}: {text!r} is neither a time like 2026-11-20T08:00 nor a duration like 90m"
        ) from None


def _written(text: str, zone: tzinfo, now: datetime) -> datetime | None:
    """Return a date or time of day as written; None for what is neither."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        return at if at.tzinfo is not None else at.replace(tzinfo=zone)
    if ":" not in text:
        return None
    try:
        of_day = time.fromisoformat(text)
    except ValueError:
        return None
    today = now.astimezone(of_day.tzinfo or zone)
    return datetime.combine(today.date(), of_day, of_day.tzinfo or zone)
