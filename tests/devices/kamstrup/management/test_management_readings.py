"""What is told of a management conversation."""

from mitmeter.devices.kamstrup.management.messages import Line, Negotiation
from mitmeter.devices.kamstrup.management.readings import ManagementProjection
from mitmeter.model import DeviceId, Event, Fact, Severity, Side
from mitmeter.protocol import Undecodable
from mitmeter.testing.corpus import NASTY
from tests.devices.kamstrup.management.module_bench import NOON, ModuleBench

DEVICE = DeviceId("kamstrup-management", "0013EA000000")


def told(projection: ManagementProjection, text: bytes) -> list[Event | Fact]:
    return [
        each
        for line in text.decode("latin-1").split("\r\n")
        for each in projection.project(Side.DEVICE, Line(line), NOON)
    ]


def asked(projection: ManagementProjection, text: str) -> list[Event]:
    found = projection.project(Side.HEADEND, Line(text, "\r"), NOON)
    return [each for each in found if isinstance(each, Event)]


def facts(*lines: str) -> dict[str, Fact]:
    bench, projection = ModuleBench(), ManagementProjection()
    said = told(projection, bench.welcome)
    for line in lines:
        said += told(projection, bench.line(line).encode("latin-1"))
    return {each.name: each for each in said if isinstance(each, Fact)}


def test_the_module_is_known_by_its_mac_and_its_network_is_private() -> None:
    found = facts("!GV", "!GC")
    assert found["firmware"] == Fact(DEVICE, "firmware", "5.5 (E5)")
    assert found["address"] == Fact(DEVICE, "address", "192.168.1.210", private=True)
    assert found["kap server name"].private
    assert found["mac"].private
    assert found["meter A"].value == "A1 06 A1 02 B7 34 12 00 00 03"
    assert "name" not in found  # empty


def test_a_fact_is_told_when_it_changes_and_not_again() -> None:
    projection = ManagementProjection()
    told(projection, b"Connected to [00:13:EA:00:00:00]")
    line = b"IP addr.            : 10.0.0.1"
    assert len(told(projection, line)) == 1
    assert told(projection, line) == []
    assert len(told(projection, line.replace(b"10.", b"11."))) == 1


def test_without_a_welcome_nobody_knows_whose_facts_they_are() -> None:
    assert told(ManagementProjection(), b"Software Version: 5.5 (E5)") == []


def test_a_command_is_told_with_its_parameters() -> None:
    projection = ManagementProjection()
    told(projection, b"Connected to [00:13:ea:00:00:00]")
    (event,) = asked(projection, "!si 10.0.0.9")
    assert event.eventid == "mitmeter.kamstrup.management.command"
    assert event.message == "management: !SI 10.0.0.9"
    assert event.severity is Severity.WARNING
    assert event.device == DEVICE
    assert event.fields == {
        "command": "!SI",
        "parameters": "10.0.0.9",
        "known": True,
        "changes": True,
        "count": 1,
    }


def test_looking_is_no_change() -> None:
    for line in ("!GC", "!GV", "!SI", "!AC", "!WM", "H", "Q"):
        (event,) = asked(ManagementProjection(), line)
        assert event.fields["changes"] is False, line
        assert event.fields["known"] is True, line
        assert event.severity is Severity.INFO
    for line in ("!RR", "!SC", "!SD", "!AC 1"):
        (event,) = asked(ManagementProjection(), line)
        assert event.fields["changes"] is True, line


def test_the_same_command_again_is_counted() -> None:
    projection = ManagementProjection()
    events = [each for _ in range(120) for each in asked(projection, "!GV")]
    assert [event.fields["count"] for event in events] == [1, 10, 100]


def test_ever_different_lines_stop_being_told() -> None:
    projection = ManagementProjection()
    events = [each for n in range(5_000) for each in asked(projection, f"x{n}")]
    assert len(events) < 300


def test_empty_lines_and_telnet_are_nothing_to_tell_of() -> None:
    projection = ManagementProjection()
    assert asked(projection, "  ") == []
    assert projection.project(Side.HEADEND, Negotiation(b"\xff\xfd\x03"), NOON) == []


def test_another_protocol_is_recognised_in_lines_and_in_garbage() -> None:
    projection = ManagementProjection()
    events = asked(projection, "GET / HTTP/1.1") + asked(projection, "Host: 192.0.2.1")
    hints = [each for each in events if each.eventid.endswith(".hint")]
    assert [each.fields["spoken"] for each in hints] == ["http"]
    item = Undecodable(b"\x16\x03\x01" + b"A" * 2_000, "a line of more than 1024 bytes")
    said = ManagementProjection().garbled(Side.HEADEND, item, NOON)
    assert [each.eventid for each in said] == [
        "mitmeter.kamstrup.management.hint",
        "mitmeter.kamstrup.management.garbage",
    ]


def test_an_unknown_module_command_is_no_stranger() -> None:
    (event,) = asked(ManagementProjection(), "!XX 1")
    assert event.fields["known"] is False


def test_no_control_character_reaches_an_event_or_a_fact() -> None:
    projection = ManagementProjection()
    told(projection, b"Connected to [00:13:EA:00:00:00]")
    texts: list[str] = []
    for nasty in NASTY:
        for part in nasty.data.decode("latin-1").splitlines():
            for event in asked(projection, part):
                texts += [event.message, *(v for v in event.fields.values() if isinstance(v, str))]
        for fact in told(projection, b"Device Name         : " + nasty.data[:100]):
            assert isinstance(fact, Fact)
            texts.append(fact.value)
    assert len(texts) > 20
    assert all(text.isprintable() for text in texts)
