"""The site's time zone: by name, checked, and the system's own as the default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from mitmeter.config.suggest import hint
from mitmeter.errors import ConfigError


def parse_zone(name: str, key: str = "") -> ZoneInfo:
    """Return the IANA time zone of that name. Raises ConfigError under `key`, with a suggestion."""
    try:
        return ZoneInfo(name)
    # OSError: the name is a folder of zones or too long for a file name.
    except (KeyError, ValueError, OSError):
        pass
    raise ConfigError(key, f"{name!r} is not a known time zone; {_hint(name)}")


def _hint(name: str) -> str:
    zones = sorted(
        zone for zone in available_timezones() if not zone.startswith(("Etc/", "SystemV/"))
    )
    wanted = name.replace(" ", "_").lower()
    cities = [zone for zone in zones if zone.rsplit("/", 1)[-1].lower() == wanted]
    if cities:
        return f"did you mean {cities[0]!r}?"
    said = hint(wanted, zones)
    return said if said.startswith("did you") else "write one like 'Europe/London' or 'UTC'"


def system_zone(environ: Mapping[str, str] | None = None, etc: Path = Path("/etc")) -> ZoneInfo:
    """Return this machine's zone: by TZ, /etc/timezone or the /etc/localtime link, else UTC."""
    env = os.environ if environ is None else environ
    for name in (env.get("TZ", "").removeprefix(":"), _timezone_file(etc), _localtime_link(etc)):
        if name:
            try:
                return ZoneInfo(name)
            except (KeyError, ValueError, OSError):
                continue
    return ZoneInfo("UTC")


def _timezone_file(etc: Path) -> str:
    try:
        return (etc / "timezone").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _localtime_link(etc: Path) -> str:
    try:
        target = os.readlink(etc / "localtime")
    except OSError:
        return ""
    return target.partition("/zoneinfo/")[2]
