"""The same event in the Elastic Common Schema."""

from __future__ import annotations

import json

from mitmeter.model import Event, Severity
from mitmeter.sinks.ecs import ecs_event
from mitmeter.sinks.flat import flat_event, json_line
from mitmeter.sinks.geo import Whereabouts
from mitmeter.sinks.sink import Occurrence
from tests.sinks.test_flat import AT, HAPPENED

FLAT = flat_event(HAPPENED, "attic-pi", {"meter": ("192.0.2.10", 1025)})


def test_an_attackers_command_has_its_fields_where_ecs_has_them() -> None:
    made = json.loads(json_line(ecs_event(FLAT, Whereabouts("NL", "", 64500, "EXAMPLE-AS"))))
    assert made == {
        "@timestamp": "2026-11-20T10:15:03.123Z",
        "ecs": {"version": "8.17.0"},
        "message": "KMP read of registers 1, 1023",
        "event": {
            "kind": "event",
            "category": ["network"],
            "type": ["protocol", "access"],
            "action": "kamstrup-command",
            "dataset": "mitmeter.honeypot",
            "provider": "mitmeter",
            "severity": 5,
        },
        "observer": {"type": "honeypot", "vendor": "mitmeter", "name": "attic-pi"},
        "source": {
            "ip": "203.0.113.9",
            "port": 50211,
            "geo": {"country_iso_code": "NL"},
            "as": {"number": 64500, "organization": {"name": "EXAMPLE-AS"}},
        },
        "destination": {"ip": "192.0.2.10", "port": 1025},
        "network": {"transport": "tcp", "protocol": "kamstrup", "direction": "inbound"},
        "mitmeter": {
            "eventid": "mitmeter.kamstrup.command",
            "session": "01JD4W9Q6S3M0000",
            "station": "meter",
            "role": "emulate",
            "device": "kamstrup:12345678",
            "source": "01JD4W9Q6S3M0000/4",
            "command": "get_register",
            "registers": [1, 1023],
            "known": True,
        },
    }


def test_what_happened_to_ourselves_has_no_network_and_an_alarm_is_an_alert() -> None:
    own = Occurrence(1, Event("mitmeter.journal.damaged", AT, "damaged", Severity.ALARM))
    made = ecs_event(flat_event(own, "home"))
    assert "network" not in made
    assert "source" not in made
    event = made["event"]
    assert isinstance(event, dict)
    assert (event["kind"], event["category"], event["severity"]) == ("alert", ["host"], 1)
    assert event["dataset"] == "mitmeter.events"
