"""Where an address is, from database files the operator gives; none is shipped or fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from mitmeter.errors import SinkError


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the files say of an address; "" and 0 are unknown."""

    country: str = ""
    city: str = ""
    as_number: int = 0
    as_name: str = ""

    def flat(self) -> dict[str, str | int]:
        return {
            "src_country": self.country,
            "src_city": self.city,
            "src_asn": self.as_number,
            "src_as_name": self.as_name,
        }


class Geo:
    """Looks addresses up in MMDB files: a country or city one, an ASN one, or both.

    Source: the published GeoIP2 record names: `country.iso_code`, `city.names.en`,
    `autonomous_system_number`, `autonomous_system_organization` [O].
    """

    def __init__(self, files: Sequence[Path]) -> None:
        try:
            import maxminddb
        except ImportError as exc:
            raise SinkError("GeoIP needs maxminddb; install mitmeter[geoip]") from exc
        self._readers = []
        for file in files:
            try:
                self._readers.append(maxminddb.open_database(str(file)))
            except (OSError, maxminddb.InvalidDatabaseError) as exc:
                self.close()
                raise SinkError(f"{file}: {exc}") from exc
        self.find = lru_cache(maxsize=4096)(self._find)

    def _find(self, address: str) -> Whereabouts | None:
        """Return what is known of an address; None when that is nothing."""
        try:
            where = ip_address(address)
        except ValueError:
            return None
        found: dict[str, Any] = {}
        for reader in self._readers:
            try:
                record = reader.get(str(where))
            except ValueError:  # an IPv6 address in a file of IPv4 ones
                continue
            if isinstance(record, Mapping):
                found |= record
        known = Whereabouts(
            _text(found, "country", "iso_code"),
            _text(found, "city", "names", "en"),
            int(found.get("autonomous_system_number") or 0),
            _text(found, "autonomous_system_organization"),
        )
        return known if known != Whereabouts() else None

    def close(self) -> None:
        for reader in self._readers:
            reader.close()


def _text(record: Any, *path: str) -> str:
    for name in path:
        record = record.get(name) if isinstance(record, Mapping) else None
    return record if isinstance(record, str) else ""
