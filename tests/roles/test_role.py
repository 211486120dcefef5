"""Who opens the connection, by role and by what the devices of a protocol do."""

from __future__ import annotations

import pytest

from mitmeter import registry
from mitmeter.roles.role import Role


@pytest.mark.parametrize(
    ("role", "dials"),
    [(Role.TRAP, False), (Role.PROXY, False), (Role.EMULATE, True), (Role.PROBE, True)],
)
def test_for_devices_that_dial_out_we_listen_unless_we_play_them_or_go_to_a_broker(
    role: Role, dials: bool
) -> None:
    assert role.dials(registry.spec("glow")) is dials
