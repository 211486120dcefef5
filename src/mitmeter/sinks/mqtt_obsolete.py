"""What earlier settings left at the broker, to be taken away: an empty retained message removes."""

from __future__ import annotations

from mitmeter.sinks.homeassistant_discovery import hub_identity_of, identity_of
from mitmeter.sinks.mqtt_memory import Memory
from mitmeter.sinks.mqtt_plan import MqttPlan
from mitmeter.sinks.mqtt_topics import availability, config, device_topics, hub_state


def obsolete_topics(memory: Memory, plan: MqttPlan) -> set[str]:
    """Return the topics to clear: of devices that are ignored now, and of other prefixes."""
    if not memory.root:
        return set()
    topics = plan.topics
    found: set[str] = set()
    moved = memory.root != topics.root
    # Another prefix of Home Assistant's, none any more, or another name of ours in it.
    silent = bool(memory.discovery) and (not plan.discovery or memory.discovery != topics.discovery)
    for device, known in memory.devices.items():
        gone = str(device) in plan.ignored
        if gone or moved:
            found.update(device_topics(memory.root, known.name))
        if memory.discovery and (gone or silent):
            found.add(config(memory.discovery, identity_of(device)))
    if moved:
        found |= {hub_state(memory.root), availability(memory.root)}
    if memory.discovery and (moved or silent):
        found.add(config(memory.discovery, hub_identity_of(memory.root.rpartition("/")[2])))
    if plan.discovery and not silent:
        # Moved within the same prefix: what stays is announced again with its new topics.
        found.discard(config(topics.discovery, hub_identity_of(topics.site)))
    return found
