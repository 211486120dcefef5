from datetime import UTC, datetime

from mitmeter.lan.dhcp import LeaseEvent, LeaseKind
from mitmeter.lan.happenings import dns_asked, lease_event, ntp_asked
from mitmeter.lan.tally import OTHERS, Tell
from mitmeter.model import Severity

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOST = "192.168.101.50"
MAC = "02:00:5e:30:20:10"


def test_a_question_is_told_flat_and_in_a_sentence() -> None:
    asked = ("a.sensornet.info", "A", "answered 192.168.101.2", "udp")
    event = dns_asked(Tell(HOST, asked, 3), NOON)
    assert (event.eventid, event.at, event.severity) == ("mitmeter.dns.asked", NOON, Severity.INFO)
    assert event.message == (
        "192.168.101.50 asked for a.sensornet.info (A): answered 192.168.101.2 (3 times)"
    )
    assert event.fields == {
        "client": HOST,
        "name": "a.sensornet.info",
        "type": "A",
        "verdict": "answered 192.168.101.2",
        "transport": "udp",
        "count": 3,
    }


def test_every_question_has_the_same_fields() -> None:
    told = [
        dns_asked(Tell(HOST, ("", "", "malformed: two questions", "tcp"), 1), NOON),
        dns_asked(Tell("", OTHERS, 900), NOON),
        dns_asked(Tell(HOST, ("a", "A", "b", "udp"), 1), NOON),
    ]
    assert (
        len({tuple((name, type(value)) for name, value in each.fields.items()) for each in told})
        == 1
    )
    assert told[0].message == "192.168.101.50 sent no question by DNS: malformed: two questions"
    assert told[1].message == "many hosts asked many more things (900 times)"


def test_a_question_for_the_time_is_told() -> None:
    event = ntp_asked(Tell(HOST, ("answered, stratum 3: our clock is synchronised",), 1), NOON)
    assert event.eventid == "mitmeter.ntp.asked"
    assert event.message.startswith("192.168.101.50 asked for the time: answered, stratum 3")
    assert event.fields["client"] == HOST
    assert ntp_asked(Tell(HOST, OTHERS, 2), NOON).fields["verdict"] == "many more"


def test_a_lease_is_told_with_address_and_name() -> None:
    event = lease_event(LeaseEvent(LeaseKind.LEASED, "eth1", MAC, HOST, "display"), NOON)
    assert event is not None
    assert event.eventid == "mitmeter.dhcp.leased"
    assert event.message == f"{MAC} is {HOST} now, and calls itself display"
    assert event.fields == {
        "mac": MAC,
        "address": HOST,
        "interface": "eth1",
        "name": "display",
        "reason": "",
    }


def test_a_device_that_gets_no_address_is_a_warning() -> None:
    refused = lease_event(LeaseEvent(LeaseKind.REFUSED, "eth1", MAC, HOST, "wrong network"), NOON)
    full = lease_event(LeaseEvent(LeaseKind.EXHAUSTED, "eth1", MAC), NOON)
    assert refused is not None
    assert full is not None
    assert (refused.severity, full.severity) == (Severity.WARNING, Severity.WARNING)
    assert refused.message == f"{MAC} may not be {HOST}: wrong network"
    assert full.message == f"no address to give to {MAC} on eth1"


def test_steps_on_the_way_to_a_lease_are_not_told() -> None:
    assert lease_event(LeaseEvent(LeaseKind.ASKED, "eth1", MAC), NOON) is None
    assert lease_event(LeaseEvent(LeaseKind.OFFERED, "eth1", MAC, HOST), NOON) is None
