"""An event's flat form → the Elastic Common Schema's, nested. Pure.

Source: the published field reference of ECS 8.17: `event.kind/category/type/action/outcome`,
`observer`, `source`, `destination`, `network` [O]. What ECS has no field for stands under
`mitmeter`, in flat names.
"""

from __future__ import annotations

from mitmeter.sinks.flat import Flat
from mitmeter.sinks.geo import Whereabouts

ECS_VERSION = "8.17.0"

# Numbers as syslog has them, which `event.severity` asks nobody to do otherwise.
_SEVERITY = {"info": 6, "notice": 5, "warning": 4, "alarm": 1}
_PLACED = {
    *("eventid", "timestamp", "sensor", "severity", "message", "session", "protocol"),
    *("src_ip", "src_port", "dst_ip", "dst_port", "transport"),
}
# The ending of an event's id → event.type; "info" is for the rest.
_TYPES = {
    "opened": ["connection", "start"],
    "closed": ["connection", "end"],
    "connection": ["connection", "start"],
    "disconnect": ["connection", "end"],
    "refused": ["protocol", "denied"],
    "login": ["protocol", "access"],
    "command": ["protocol", "access"],
    "request": ["protocol", "access"],
    "undecodable": ["protocol", "error"],
    "fault": ["error"],
}


def ecs_event(flat: Flat, place: Whereabouts | None = None) -> dict[str, object]:
    """Return the event in ECS; place: of the source's address."""
    eventid = str(flat["eventid"])
    kind = eventid.rpartition(".")[2]
    is_network = "src_ip" in flat or "session" in flat
    made: dict[str, object] = {
        # ECS dates are to the millisecond by habit of what reads them.
        "@timestamp": str(flat["timestamp"])[:23] + "Z",
        "ecs": {"version": ECS_VERSION},
        "message": flat["message"],
        "event": {
            "kind": "alert" if flat["severity"] == "alarm" else "event",
            "category": ["network"] if is_network else ["host"],
            "type": _TYPES.get(kind, ["info"]),
            "action": eventid.removeprefix("mitmeter.").replace(".", "-").replace("_", "-"),
            "dataset": "mitmeter.honeypot" if flat.get("role") == "emulate" else "mitmeter.events",
            "provider": "mitmeter",
            "severity": _SEVERITY.get(str(flat["severity"]), 6),
        },
        "observer": {
            "type": "honeypot" if flat.get("role") == "emulate" else "sensor",
            "vendor": "mitmeter",
            "name": flat["sensor"],
        },
    }
    source = _end(flat, "src")
    if source and place is not None:
        source |= _whereabouts(place)
    if source:
        made["source"] = source
    destination = _end(flat, "dst")
    if destination:
        made["destination"] = destination
    if is_network:
        made["network"] = {
            "transport": flat.get("transport", "tcp"),
            "direction": "inbound",
            **({"protocol": flat["protocol"]} if "protocol" in flat else {}),
        }
    own = {name: value for name, value in flat.items() if name not in _PLACED}
    if "session" in flat:
        own["session"] = flat["session"]
    made["mitmeter"] = {"eventid": eventid, **own}
    return made


def _end(flat: Flat, which: str) -> dict[str, object]:
    """Return ip and port of one end; ECS wants no empty ones."""
    found: dict[str, object] = {}
    if f"{which}_ip" in flat:
        found["ip"] = flat[f"{which}_ip"]
    if f"{which}_port" in flat:
        found["port"] = flat[f"{which}_port"]
    return found


def _whereabouts(place: Whereabouts) -> dict[str, object]:
    found: dict[str, object] = {}
    geo = {"country_iso_code": place.country, "city_name": place.city}
    if any(geo.values()):
        found["geo"] = {name: value for name, value in geo.items() if value}
    if place.as_number:
        organisation = {"organization": {"name": place.as_name}} if place.as_name else {}
        found["as"] = {"number": place.as_number, **organisation}
    return found
