"""The `[web]` table."""

from pathlib import Path

import pytest

from mitmeter.config.load import examine
from mitmeter.config.web_table import DEFAULT_LISTEN


def first_error(text: str) -> str:
    return str(examine(text).errors[0])


def test_it_is_on_loopback_by_default() -> None:
    config = examine("").config
    assert config is not None
    assert config.web.listen == DEFAULT_LISTEN
    assert str(DEFAULT_LISTEN) == "tcp://127.0.0.1:8480"
    assert config.web.enabled


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "[::]"])
def test_a_network_needs_tls(host: str) -> None:
    error = first_error(f'[web]\nlisten = "tcp://{host}:8480"')
    assert error.startswith("web.listen: ")
    assert "in the clear" in error
    assert f"tls://{host}:8480" in error
    assert not examine(f'[web]\nlisten = "tls://{host}:8480"').errors


def test_behind_the_ingress_plain_is_enough() -> None:
    text = '[web]\nlisten = "tcp://0.0.0.0:8480"\ningress = "172.30.32.2"'
    assert not examine(text).errors


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('listen = "udp://127.0.0.1:8480"', "web.listen"),
        ('listen = "ssl3://127.0.0.1:8480"', "web.listen"),
        ('key = "x.pem"', "web.key"),
        ('certificate = "x.pem"', "web.certificate"),
        ('ingress = "homeassistant"', "web.ingress"),
        ("enabled = 1", "web.enabled"),
        ('tokn = "x"', "web.tokn"),
    ],
)
def test_what_is_wrong_is_named_by_its_key(text: str, key: str) -> None:
    assert first_error(f"[web]\n{text}").startswith(f"{key}: ")


def test_files_are_taken_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    text = '[web]\nlisten = "tls://0.0.0.0:8480"\ncertificate = "a.pem"\nkey = "/b.pem"'
    config = examine(text, folder=tmp_path).config
    assert config is not None
    assert config.web.certificate == tmp_path / "a.pem"
    assert config.web.key == Path("/b.pem")
