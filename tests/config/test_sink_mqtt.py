"""`[sink.mqtt]`: what may stand there, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mitmeter.config.load import examine
from mitmeter.daemon.build import daemon_plan
from mitmeter.sinks.mqtt_plan import MqttPlan
from mitmeter.sinks.resume import Now


def errors_of(text: str) -> list[tuple[str, str]]:
    return [(each.key, each.problem) for each in examine(text, {}).errors]


def test_the_table_becomes_a_plan(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("example-pass\n")
    text = """
        [site]
        id = "attic"
        timezone = "Europe/London"
        [web]
        enabled = false
        [sink.mqtt]
        url = "mqtts://homeassistant.local"
        username = "mitmeter"
        password_file = "secret"
        ca_file = "ca.pem"
        certificate_file = "me.pem"
        expire_after = "2m"
        ignore = ["glow:02005EFFFE302010"]
        quantities = ["grid.*"]
        [[tariff]]
        name = "day"
        currency = "GBP"
        price = 0.25
    """
    examined = examine(text, {}, tmp_path)
    assert examined.config is not None, examined.errors
    [sink] = daemon_plan(examined.config, "test").sinks
    plan = sink.to
    assert isinstance(plan, MqttPlan)
    assert (plan.broker.host, plan.broker.port, plan.broker.tls) == (
        "homeassistant.local",
        8883,
        True,
    )
    assert plan.broker.client == "mitmeter-attic-mqtt"
    assert plan.broker.password.reveal() == "example-pass"
    assert (plan.broker.ca, plan.broker.certificate, plan.broker.key) == (
        tmp_path / "ca.pem",
        tmp_path / "me.pem",
        None,
    )
    assert (plan.topics.root, plan.topics.discovery) == ("mitmeter/attic", "homeassistant")
    assert (plan.expire, plan.ignored) == (120.0, frozenset({"glow:02005EFFFE302010"}))
    assert plan.choice.quantities == ("grid.*",)
    assert [each.name for each in plan.tariffs] == ["day"]
    # What is shown is what is: a backlog has nothing to say, and a broker that is back does.
    assert sink.choice.start == Now()
    assert sink.pace.most <= 10


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("", "url", "is required"),
        ("url='tcp://x:1883'", "url", "write mqtt:// or mqtts://"),
        ("url='mqtt://x:0'", "url", "port 0"),
        ("url='mqtt://me:secret@x'", "url", "password"),
        ("url='mqtt://x'\nca_file='ca.pem'", "ca_file", "mqtts:// only"),
        ("url='mqtts://x'\nkey_file='k.pem'", "certificate_file", "a key without a certificate"),
        ("url='mqtt://x'\npassword_file='p'", "username", "without a username"),
        ("url='mqtt://x'\nprefix='a/#'", "prefix", ""),
        ("url='mqtt://x'\nignore=['glow']", "ignore", ""),
        ("url='mqtt://x'\nexpire_after=5", "expire_after", "in quotes"),
        ("url='mqtt://x'\ndiscovery=true", "discovery", "did you mean"),
    ],
)
def test_a_mistake_is_told_with_its_key(text: str, key: str, words: str) -> None:
    [(found, problem)] = errors_of(f"[sink.mqtt]\n{text}\n")
    assert found.startswith(f"sink.mqtt.{key}")
    assert words in problem
