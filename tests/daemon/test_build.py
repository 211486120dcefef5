"""From a configuration to plans: units, honeypots, probes that come again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mitmeter.config.load import load
from mitmeter.daemon.build import daemon_plan
from mitmeter.daemon.plan import StationPlan
from mitmeter.errors import ConfigError
from tests.daemon.toymeter import installed


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with installed():
        yield


def plans(folder: Path, text: str) -> tuple[StationPlan, ...]:
    file = folder / "mitmeter.toml"
    file.write_text(text)
    return daemon_plan(load(file), "test").stations


MINE = '[registers]\n1 = "7 W"\n'


def test_stations_of_a_unit_share_one_persona(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MINE)
    meter, service = plans(
        tmp_path,
        f"""
        [[station]]
        name = "meter"
        role = "emulate"
        protocol = "toy"
        unit = "box"
        persona = "{tmp_path}/mine.toml"
        honeypot = true

        [[station]]
        name = "service"
        role = "emulate"
        protocol = "toy-service"
        unit = "box"
        listen = "tcp://127.0.0.1:7002"
        """,
    )
    assert meter.unit == service.unit == "box"
    assert meter.persona == service.persona == {"registers": {"1": "7 W"}}
    assert (meter.honeypot, meter.options) == (True, {"honeypot": "true"})
    assert (service.honeypot, service.options) == (False, {})


@pytest.mark.parametrize(
    ("protocol", "persona"),
    [("kamstrup", ""), ("kamstrup", 'persona = "382"'), ("toy", 'persona = "{}/sample.toml"')],
)
def test_a_honeypot_with_a_persona_everybody_knows_is_refused_with_what_helps(
    tmp_path: Path, protocol: str, persona: str
) -> None:
    (tmp_path / "sample.toml").write_text("sample = true\n" + MINE)
    told = persona.format(tmp_path)
    with pytest.raises(ConfigError) as caught:
        plans(
            tmp_path,
            f"""
            [[station]]
            name = "pot"
            role = "emulate"
            protocol = "{protocol}"
            honeypot = true
            {told}
            """,
        )
    assert caught.value.key == "station[0].persona"
    assert f"'mitmeter persona new {protocol} FILE' makes one" in caught.value.problem


def test_a_sample_may_be_emulated_by_who_makes_no_honeypot_of_it(tmp_path: Path) -> None:
    (tmp_path / "sample.toml").write_text("sample = true\n" + MINE)
    (meter,) = plans(
        tmp_path,
        f'[[station]]\nname = "m"\nrole = "emulate"\nprotocol = "toy"\n'
        f'persona = "{tmp_path}/sample.toml"\n',
    )
    assert meter.persona == {"registers": {"1": "7 W"}}


PROBE = '[[station]]\nname = "m"\nrole = "probe"\nprotocol = "toy"\nto = "tcp://10.0.0.7:1025"\n'


def test_a_probe_comes_every_quarter_of_an_hour_unless_told_otherwise(tmp_path: Path) -> None:
    assert plans(tmp_path, PROBE)[0].every == 900
    assert plans(tmp_path, PROBE + 'every = "1h"\n')[0].every == 3600


def test_silence_is_borne_as_long_as_the_configuration_says(tmp_path: Path) -> None:
    (usual,) = plans(tmp_path, PROBE)
    (told,) = plans(tmp_path, '[limits]\nidle = "1m"\n' + PROBE)
    assert usual.patience.quiet == 6 * 3600
    assert (told.patience.idle, told.patience.quiet) == (60, 0)


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        (PROBE + "honeypot = true\n", "station[0].honeypot", "means nothing for role probe"),
        (PROBE + 'unit = "box"\n', "station[0].unit", "it is for emulate"),
        (PROBE.replace('"probe"', '"proxy"') + 'every = "1m"\n', "station[0].every", "for probe"),
        (
            '[[station]]\nname = "b"\nrole = "emulate"\nprotocol = "alphaess"\n'
            'to = "tcp://10.0.0.7:1"\nhoneypot = true\n',
            "station[0].honeypot",
            "dials out: nobody can come to it",
        ),
        (PROBE.replace('"m"', '"../m"'), "station[0].name", "is not a name"),
    ],
)
def test_keys_that_make_no_sense_are_named(tmp_path: Path, text: str, key: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        plans(tmp_path, text)
    assert key in str(caught.value)
