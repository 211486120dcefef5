"""The topics: `<prefix>/<site>/…`, and those of Home Assistant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """prefix: ours. site: this mitmeter's. discovery: Home Assistant's prefix."""

    prefix: str
    site: str
    discovery: str = "homeassistant"

    @property
    def root(self) -> str:
        return f"{self.prefix}/{self.site}"

    @property
    def availability(self) -> str:
        """`online` while we are connected; the broker says `offline` for us otherwise."""
        return availability(self.root)

    @property
    def hub_state(self) -> str:
        return hub_state(self.root)

    @property
    def events(self) -> str:
        return f"{self.root}/events"

    def state(self, name: str) -> str:
        return device_topics(self.root, name)[0]

    def device_availability(self, name: str) -> str:
        return device_topics(self.root, name)[1]

    def answer(self, name: str) -> str:
        """Where what became of a device's commands is told, once and not retained."""
        return f"{self.root}/{name}/answer"

    def setting(self, name: str, key: str) -> str:
        """Where an entity is switched, set or pressed."""
        return f"{self.root}/{name}/{key}/set"

    def config(self, identity: str) -> str:
        return config(self.discovery, identity)

    @property
    def birth(self) -> str:
        """Where Home Assistant says that it has started."""
        return f"{self.discovery}/status"

    @property
    def orders(self) -> tuple[str, ...]:
        """The filters of all topics on which we are told to do something."""
        return (f"{self.root}/+/command", f"{self.root}/+/+/set")

    def order(self, topic: str) -> tuple[str, str] | None:
        """Return the device's name and the control of such a topic; "" is any command."""
        parts = topic.removeprefix(f"{self.root}/").split("/")
        if len(parts) == 2 and parts[1] == "command":
            return parts[0], ""
        if len(parts) == 3 and parts[2] == "set":
            return parts[0], parts[1]
        return None


def availability(root: str) -> str:
    return f"{root}/availability"


def hub_state(root: str) -> str:
    return f"{root}/state"


def device_topics(root: str, name: str) -> tuple[str, str]:
    """Return where a device's state and its availability are."""
    return f"{root}/{name}/state", f"{root}/{name}/availability"


def config(discovery: str, identity: str) -> str:
    return f"{discovery}/device/{identity}/config"
