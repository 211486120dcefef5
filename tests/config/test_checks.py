"""Does each station make sense, and do they get along?"""

from __future__ import annotations

import pytest

from mitmeter.config.endpoint import Endpoint
from mitmeter.config.load import examine
from mitmeter.config.values import Station

pytestmark = pytest.mark.usefixtures("known")

LOOPBACK = Endpoint("tcp", "127.0.0.1", 7777)


def station(**keys: object) -> str:
    lines = [f"{key} = {value!r}" for key, value in {"name": "a", **keys}.items()]
    return "[[station]]\n" + "\n".join(lines).replace("True", "true") + "\n"


def sound(text: str) -> tuple[Station, ...]:
    examined = examine(text, {})
    assert examined.errors == ()
    assert examined.config is not None
    return examined.config.stations


def errors_of(text: str) -> list[str]:
    return [str(error) for error in examine(text, {}).errors]


@pytest.mark.parametrize(
    "keys",
    [
        {"role": "trap", "protocol": "battery"},
        {"role": "proxy", "protocol": "battery", "to": "tcp://192.0.2.7:7777"},
        {"role": "proxy", "protocol": "tap", "to": "tcp://192.0.2.7:7777"},
        {"role": "emulate", "protocol": "meter"},
    ],
)
def test_a_station_that_listens_has_the_protocols_own_endpoint(keys: dict[str, object]) -> None:
    assert sound(station(**keys))[0].listen == LOOPBACK


def test_a_station_may_listen_beyond_loopback() -> None:
    text = station(role="trap", protocol="battery", listen="tcp://0.0.0.0:7777")
    assert sound(text)[0].listen == Endpoint("tcp", "0.0.0.0", 7777)


@pytest.mark.parametrize(
    "keys",
    [
        {"role": "emulate", "protocol": "battery", "to": "tcp://127.0.0.1:7777"},
        {"role": "probe", "protocol": "meter", "to": "tcp://192.0.2.9:7777"},
    ],
)
def test_a_station_that_only_connects_does_not_listen(keys: dict[str, object]) -> None:
    assert sound(station(**keys))[0].listen is None


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("trap batery", "protocol: 'batery' is not known; did you mean 'battery'?"),
        ("trap faulty", "protocol: 'faulty' does not load: why"),
        ("trap meter", "role: a device of meter waits to be read; use probe"),
        ("trap tap", "role: tap has no stand-in server yet"),
        ("proxy battery", "to: a proxy needs to know where"),
        ("emulate battery", "to: an emulated device needs to know the server"),
        ("emulate tap", "role: tap has no emulated device yet"),
        ("emulate meter to='tcp://h:1'", "to: a device of meter waits to be read; write `listen`"),
        (
            "emulate battery to='tcp://h:1' listen='tcp://h:1'",
            "listen: a device of battery dials out; write `to` instead",
        ),
        ("probe battery to='tcp://h:1'", "role: a device of battery dials out; use trap"),
        ("probe dialled-tap to='tcp://h:1'", "role: dialled-tap cannot be read yet"),
        ("probe meter", "to: a probe needs to know where the device is"),
        (
            "trap battery to='tcp://h:1'",
            "to: means nothing for role trap; it is for proxy or emulate or probe",
        ),
        ("trap battery seed=1", "seed: means nothing for role trap; it is for emulate"),
        (
            "trap battery listen='udp://h:1'",
            "listen: udp:// is not known in this version; there is tcp",
        ),
        ("proxy battery to='http://h:1'", "to: http:// is not known in this version"),
        ("proxy battery to='tcp://h:0'", "to: port 0 is for listening only"),
        ("emulate battery to='original'", "to: original is for a proxy that passes bytes on"),
        ("probe meter to='tls://*:1'", "to: tls://*:1 is for a proxy that passes bytes on"),
        ("proxy battery to='tcp://*:1'", "to: tcp://*:1: only a client that speaks TLS says"),
        (
            "proxy battery to='tls://*:1' listen='tcp://h:1'",
            "to: tls://*:1: we have to listen by TLS, too",
        ),
        (
            "proxy battery to='tcp://h:1' rules=['redakt']",
            "rules[0]: 'redakt' is no rule of battery; did you mean 'redact'?",
        ),
        (
            "proxy tap to='tcp://h:1' rules=['redact']",
            "rules[0]: 'redact' is no rule of tap; did you mean 'replace'?",
        ),
        (
            "proxy battery to='tcp://h:1' rules=['redact','redact']",
            "rules[1]: 'redact' is there twice",
        ),
    ],
)
def test_a_station_that_makes_no_sense_is_told_by_its_key(keys: str, problem: str) -> None:
    role, protocol, *more = keys.split()
    text = station(role=role, protocol=protocol) + "\n".join(more)
    (found,) = errors_of(text)
    assert found.startswith(f"station[0].{problem}")
    assert found.endswith("(station 'a')")


@pytest.mark.parametrize(
    "keys", [{"to": "original"}, {"to": "tls://*:443", "listen": "tls://127.0.0.1:4433"}]
)
def test_a_proxy_may_go_on_to_where_its_clients_say(keys: dict[str, str]) -> None:
    assert errors_of(station(role="proxy", protocol="battery", **keys)) == []


def test_two_stations_of_one_name_are_refused() -> None:
    text = station(role="trap", protocol="battery")
    text += station(role="trap", protocol="battery", listen="tcp://127.0.0.1:1")
    assert errors_of(text) == ["station[1].name: 'a' is taken by an earlier station"]


@pytest.mark.parametrize(
    "listen", ["tcp://127.0.0.1:7777", "tcp://0.0.0.0:7777", "tcp://[::]:7777"]
)
def test_two_stations_on_one_port_are_refused_defaults_included(listen: str) -> None:
    text = station(role="trap", protocol="battery")
    text += station(name="b", role="trap", protocol="battery", listen=listen)
    assert errors_of(text) == [f"station[1].listen: {listen} is taken by station 'a'"]


@pytest.mark.parametrize("listen", ["tcp://127.0.0.1:7778", "tcp://192.0.2.1:7777"])
def test_two_stations_on_different_addresses_get_along(listen: str) -> None:
    text = station(role="trap", protocol="battery")
    text += station(name="b", role="trap", protocol="battery", listen=listen)
    assert len(sound(text)) == 2


def test_any_number_of_stations_may_ask_for_a_free_port() -> None:
    free = "tcp://127.0.0.1:0"
    text = station(role="trap", protocol="battery", listen=free)
    text += station(name="b", role="trap", protocol="battery", listen=free)
    assert len(sound(text)) == 2
