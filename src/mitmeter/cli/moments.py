"""Times as people type them: a date, a time, or how long ago."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from mitmeter.config.amounts import parse_duration
from mitmeter.errors import ConfigError


def parse_moment(text: str | None, key: str, zone: tzinfo, now: datetime) -> datetime | None:
    """Return the instant meant, in UTC; None for None.

    `2026-11-20`, `2026-11-20T08:00`, with or without an offset (without: `zone`), or a duration
    such
    as `90m` or `2d`, which is that long before `now`. Raises ConfigError under `key`.
    """
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)
    try:
        return now - parse_duration(text, key)
    except (ConfigError, OverflowError):
        raise ConfigError(
            key, f"{text!r} is neither a time like 2026-11-20T08:00 nor a duration like 90m"
        ) from None
