from datetime import UTC, datetime, timedelta

from mitmeter.lan.dhcp import LeaseEvent, LeaseKind
from mitmeter.lan.happenings import dns_asked, lease_event, ntp_asked
from mitmeter.lan.seen import NameAsked, SeenHost, SeenHosts
from mitmeter.lan.tally import OTHERS, Tell
from mitmeter.model import Event, Severity
from tests.lan.lan_questions import DEVICE, DISPLAY, HOSTS, NETWORKS, STRANGER

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DEVICES = {name: hosts for name, hosts in HOSTS.items() if name != "ntp"}
PORTS = {"alphaess": 7777, "glow": 443, "efergy": 443}
ANSWERED = "answered 192.168.101.2"


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


def asked(
    name: str, seconds: int = 0, *, qtype: str = "A", verdict: str = ANSWERED, who: str = DEVICE,
    count: int = 1,
) -> Event:  # fmt: skip
    return dns_asked(Tell(who, (name, qtype, verdict, "udp"), count), at(seconds))


def opened(seconds: int = 0, protocol: str = "glow", peer: str = f"{DEVICE}:40000") -> Event:
    fields = {"protocol": protocol, "peer": peer}
    return Event("mitmeter.conversation.opened", at(seconds), "connection", fields=fields)


def refused(seconds: int = 0, port: int = 443, peer: str = f"{DEVICE}:40000") -> Event:
    return Event(
        "mitmeter.tls.failed",
        at(seconds),
        "no cipher in common",
        Severity.WARNING,
        fields={"peer": peer, "port": port},
    )


def leased(seconds: int, mac: str, name: str) -> Event:
    event = lease_event(LeaseEvent(LeaseKind.LEASED, "eth1", mac, DEVICE, name), at(seconds))
    assert event is not None
    return event


def table(*events: Event) -> tuple[SeenHost, ...]:
    seen = SeenHosts(DEVICES, PORTS, NETWORKS)
    for event in events:
        seen.fold(event)
    return seen.hosts()


def only(*events: Event) -> SeenHost:
    (host,) = table(*events)
    return host


def test_a_host_from_lease_to_connection() -> None:
    host = only(
        leased(0, "02:00:5e:30:20:10", "display"),
        asked("0.pool.ntp.org", 1),
        ntp_asked(Tell(DEVICE, ("answered, stratum 3",), 1), at(2)),
        asked(DISPLAY, 3),
        opened(4),
    )
    assert host == SeenHost(
        address=DEVICE,
        mac="02:00:5e:30:20:10",
        name="display",
        first=at(0),
        last=at(4),
        names=(
            NameAsked("0.pool.ntp.org", ("A",), 1, ANSWERED, at(1)),
            NameAsked(DISPLAY, ("A",), 1, ANSWERED, at(3)),
        ),
        more=0,
        time_asked=1,
        time_verdict="answered, stratum 3",
        connections=1,
        last_connected=at(4),
        protocols=("glow",),
        trouble="",
        suggestion=("glow",),
    )


def test_questions_add_up_and_the_last_asked_name_is_last() -> None:
    host = only(
        asked("a.example", 0, count=5), asked("b.example", 1), asked("a.example", 2, count=7)
    )
    assert [(each.name, each.count, each.last) for each in host.names] == [
        ("b.example", 1, at(1)),
        ("a.example", 12, at(2)),
    ]


def test_an_empty_answer_for_ipv6_does_not_hide_the_address_given() -> None:
    empty = asked(DISPLAY, 1, qtype="AAAA", verdict="empty (AAAA)")
    assert only(asked(DISPLAY), empty).names[0].verdict == ANSWERED
    assert only(asked(DISPLAY), empty).names[0].types == ("A", "AAAA")
    assert only(empty, asked(DISPLAY)).names[0].verdict == ANSWERED
    assert only(empty).names[0].verdict == "empty (AAAA)"


def test_what_a_name_was_told_last_counts() -> None:
    host = only(
        asked("x.example", verdict="refused: not ours"), asked("x.example", 1, verdict="forwarded")
    )
    assert host.names[0].verdict == "forwarded"


def test_a_connection_that_failed_is_trouble_until_one_succeeds() -> None:
    assert only(refused(0)).trouble == "no cipher in common"
    assert only(refused(0)).connections == 0
    assert only(refused(0), opened(1)).trouble == ""
    assert only(opened(0), refused(1)).trouble == "no cipher in common"


def test_an_address_given_to_another_device_takes_its_name() -> None:
    host = only(leased(0, "02:00:5e:30:20:10", "display"), leased(9, "02:00:5e:30:20:11", ""))
    assert (host.mac, host.name) == ("02:00:5e:30:20:11", "")


def test_hosts_outside_the_networks_do_not_count() -> None:
    events = (asked(DISPLAY, who=STRANGER), opened(peer=f"{STRANGER}:1"), opened(peer="unknown"))
    assert table(*events) == ()


def test_without_networks_every_host_counts_in_the_order_of_addresses() -> None:
    seen = SeenHosts(DEVICES, PORTS)
    for peer in ("[fd00::1]:5", "192.168.101.9:1", "192.168.101.10:1", "", "nowhere:1"):
        seen.fold(opened(peer=peer))
    assert [host.address for host in seen.hosts()] == [
        "192.168.101.9",
        "192.168.101.10",
        "fd00::1",
    ]


def test_events_of_no_host_are_read_over() -> None:
    assert table(Event("mitmeter.recovered", NOON, "cut off", fields={"bytes": 3})) == ()


def test_asks_beyond_those_told_apart_are_counted() -> None:
    host = only(asked(""), dns_asked(Tell(DEVICE, OTHERS, 900), NOON))
    assert (host.names, host.more) == ((), 901)
    many = [asked(f"{number}.example") for number in range(300)]
    assert (len(only(*many).names), only(*many).more) == (256, 44)


# suggestions


def test_a_name_suggests_the_protocol_of_its_closest_zone() -> None:
    seen = SeenHosts(DEVICES, PORTS)
    assert seen.suggestion([DISPLAY, "0.pool.ntp.org"]) == ("glow",)
    assert seen.suggestion(["10.20.30.02005e.h2.sensornet.info"]) == ("efergy",)
    assert seen.suggestion(["example.com"]) == ()


def test_more_names_speak_louder() -> None:
    names = ["a.h2.sensornet.info", "a.keys.sensornet.info", DISPLAY]
    assert SeenHosts(DEVICES, PORTS).suggestion(names) == ("efergy", "glow")


def test_a_port_decides_between_names_and_speaks_where_there_are_none() -> None:
    seen = SeenHosts({"one": ["*.shared.example"], "two": ["*.shared.example"]}, {"two": 7777})
    assert seen.suggestion(["a.shared.example"]) == ("one", "two")
    assert seen.suggestion(["a.shared.example"], [7777]) == ("two",)
    assert seen.suggestion([], [7777]) == ("two",)
    assert seen.suggestion([], [80]) == ()


def test_a_port_knocked_at_in_vain_is_a_hint() -> None:
    assert only(refused(port=7777)).suggestion == ("alphaess",)
