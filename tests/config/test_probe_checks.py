"""A probe at a broker, as it is configured: for devices that publish there, and for no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from mitmeter.config.load import examine


def errors_of(role: str, protocol: str, *lines: str) -> list[str]:
    table = ["[[station]]", 'name = "a"', f'role = "{role}"', f'protocol = "{protocol}"', *lines]
    return [str(error) for error in examine("\n".join(table) + "\n", {}).errors]


def test_a_display_can_be_read_at_a_broker_with_user_and_password(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("example-pass\n")
    secret.chmod(0o600)
    assert not errors_of(
        "probe",
        "glow",
        'to = "mqtt://broker.example"',
        'user = "meter"',
        f'password_file = "{secret}"',
        'options = { prefix = "home" }',
    )


@pytest.mark.parametrize("line", ["", 'to = "tcp://192.0.2.9:1883"'])
def test_a_display_is_read_at_a_broker_and_nowhere_else(line: str) -> None:
    (error,) = errors_of("probe", "glow", line)
    assert error.startswith("station[0].to: a device of glow is read at a broker")
    assert "write mqtt://HOST:1883" in error


def test_a_protocol_that_publishes_nothing_has_no_probe_at_a_broker() -> None:
    errors = errors_of("probe", "alphaess", 'to = "mqtt://192.0.2.9:1883"')
    assert any("a device of alphaess dials out; use trap" in error for error in errors)
    assert any("mqtt:// is not known" in error for error in errors)


@pytest.mark.parametrize(
    ("role", "line"),
    [("trap", 'listen = "mqtt://127.0.0.1:1883"'), ("proxy", 'to = "mqtt://127.0.0.1:1883"')],
)
def test_a_broker_is_for_probes_only(role: str, line: str) -> None:
    (error,) = errors_of(role, "glow", line)
    assert "mqtt:// is not known in this version" in error
