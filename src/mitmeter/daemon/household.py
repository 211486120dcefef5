"""The devices and their commands, as the dashboard and sinks that can be answered see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mitmeter import registry
from mitmeter.daemon.services import Services, new_id
from mitmeter.errors import ConfigError
from mitmeter.model import DeviceId
from mitmeter.protocol import Command
from mitmeter.roles.role import Role

if TYPE_CHECKING:
    from mitmeter.daemon.station import Station


class Household:
    """Fulfils `sinks.homeassistant_controls.Home`. stations: the daemon's own list."""

    def __init__(self, services: Services, stations: Sequence[Station] = ()) -> None:
        self._services = services
        self._stations = stations

    def title(self, protocol: str) -> str:
        try:
            return registry.spec(protocol).title
        except ConfigError:
            return protocol  # of history whose plug-in is gone

    def offers(self, device: DeviceId) -> Mapping[str, str]:
        if not self.may_control(device):
            return {}
        try:
            commands = registry.spec(device.protocol).commands
        except ConfigError:
            return {}
        return {each.name: each.arguments for each in commands}

    async def command(
        self, device: DeviceId, name: str, arguments: Mapping[str, str]
    ) -> tuple[bool, str]:
        services = self._services
        wish = Command(new_id(services.clock.now_ns()), device, name, dict(arguments))
        answer = await services.command(wish)
        return answer.accepted, answer.text

    def may_control(self, device: DeviceId) -> bool:
        """Tell whether the device's station lets commands through; of one that is away, whether any
        does that it may come back to.
        """
        fitting = [each for each in self._stations if each.plan.spec.name == device.protocol]
        present = self._services.present.get(device)
        here = [each for each in fitting if present in each.drives]
        return any(takes_commands(each) for each in here or fitting)


def takes_commands(station: Station) -> bool:
    """Tell whether an operator's commands are let through; a proxy's rule says so itself."""
    plan = station.plan
    return plan.control or (plan.role is Role.PROXY and "inject" in plan.rules)
