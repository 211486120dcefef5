"""What Home Assistant is told of a device: one payload with everything it shows.

Source: Home Assistant's MQTT discovery for devices, as of 2026.2. `dev`, `o` and `cmps` are
required, and of each component `p` and, for an entity, `uniq_id`; a component with nothing but `p`
is removed. Abbreviations are of its table; `via_device` has none [O].
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from mitmeter.model import DeviceId
from mitmeter.sinks.homeassistant_classes import Entity
from mitmeter.sinks.homeassistant_controls import OFF, ON, PRESS, Control, Platform
from mitmeter.sinks.mqtt_book import Device
from mitmeter.sinks.mqtt_topics import Topics

Payload = dict[str, object]

_MAKERS = {
    "alphaess": "AlphaESS",
    "efergy": "Efergy",
    "glow": "Hildebrand",
    "kamstrup": "Kamstrup",
}
# Whose serial number is a MAC address.
_BY_MAC = ("efergy", "glow")
_MAC = re.compile(r"[0-9A-Fa-f]{12}\Z")
# An expiry moves in these steps, so that a device that is a little slower is not announced anew.
_EXPIRIES = (60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)


@dataclass(frozen=True, slots=True)
class Announcer:
    """What all announcements of one sink have in common.

    version: of mitmeter. dashboard: where it is seen, "" for nowhere.
    """

    topics: Topics
    version: str
    dashboard: str = ""

    # --- a device

    def device(self, device: Device, title: str, expiries: Mapping[str, int]) -> Payload:
        """Return a device's payload. expiries: quantity → seconds until a live value is old."""
        topics, identity = self.topics, identity_of(device.device)
        components: dict[str, Payload] = {}
        for quantity in sorted(device.held):
            for entity in device.entities[quantity]:
                seconds = expiries.get(quantity, 0) if entity.live else 0
                components[entity.key] = self._sensor(identity, device.name, entity, seconds)
        for control in device.controls:
            components[control.key] = self._control(identity, device.name, control)
        if device.controls:
            answer = Entity("answer", "answer", "Last command", diagnostic=True)
            components["answer"] = self._sensor(identity, device.name, answer, 0)
        for key, platform in device.memory.components.items():
            components.setdefault(key, {"p": platform})
        return {
            "dev": self._about(device, identity, title),
            "o": self._origin(),
            "avty": [{"t": topics.availability}, {"t": topics.device_availability(device.name)}],
            "avty_mode": "all",
            "stat_t": topics.state(device.name),
            "qos": 1,
            "cmps": components,
        }

    def _about(self, device: Device, identity: str, title: str) -> Payload:
        serial = device.device.serial
        number = device.name.rpartition("-")[2]
        name = title if number == "1" else f"{title} {number}"
        model = device.facts.get("model") or title
        about: Payload = {
            "ids": [identity],
            "name": f"{name} (simulated)" if device.simulated else name,
            "mdl": f"{model} (simulated)" if device.simulated else model,
            "sn": serial,
            "via_device": self.hub_identity,
        }
        if maker := _MAKERS.get(device.device.protocol, ""):
            about["mf"] = maker
        if firmware := device.facts.get("firmware"):
            about["sw"] = firmware
        real_mac = device.device.protocol in _BY_MAC and not device.simulated
        if real_mac and _MAC.match(serial):
            mac = ":".join(serial[at : at + 2] for at in range(0, 12, 2)).lower()
            about["cns"] = [["mac", mac]]
        if self.dashboard:
            about["cu"] = f"{self.dashboard}/#/devices/{quote(str(device.device), safe='')}"
        return about

    def _sensor(self, identity: str, name: str, entity: Entity, expires: int) -> Payload:
        found = f"value_json.{entity.field}"
        if entity.counter:
            # Where a meter was changed, the counter runs on under another name.
            found = f"value_json.{entity.field}_running | default({found})"
        made: Payload = {
            **self._entity("sensor", identity, name, entity.key, entity.name),
            "val_tpl": f"{{{{ {found} }}}}",
        }
        optional: Payload = {
            "dev_cla": entity.device_class,
            "stat_cla": entity.state_class,
            "unit_of_meas": entity.unit,
            "exp_aft": expires,
            "ent_cat": "diagnostic" if entity.diagnostic else "",
        }
        made |= {key: value for key, value in optional.items() if value}
        if entity.digits is not None:
            made["sug_dsp_prc"] = entity.digits
        if not entity.enabled:
            made["en"] = False
        return made

    def _control(self, identity: str, name: str, control: Control) -> Payload:
        platform = str(control.platform)
        made: Payload = {
            **self._entity(platform, identity, name, control.key, control.name),
            "cmd_t": self.topics.setting(name, control.key),
            "ent_cat": "config",
        }
        if not control.enabled:
            made["en"] = False
        found = f"value_json.{control.field}"
        match control.platform:
            case Platform.BUTTON:
                made["pl_prs"] = PRESS
            case Platform.SWITCH:
                made |= {"pl_on": ON, "pl_off": OFF, "val_tpl": f"{{{{ {found} }}}}"}
                made |= {"stat_on": ON, "stat_off": OFF}
            case Platform.NUMBER:
                made |= {"min": control.low, "max": control.high, "step": control.step}
                made |= {"unit_of_meas": control.unit, "mode": "box"}
                made["val_tpl"] = f"{{{{ {found} }}}}"
        return made

    # --- the hub: mitmeter itself

    @property
    def hub_identity(self) -> str:
        return hub_identity_of(self.topics.site)

    def hub(self, currency: str) -> Payload:
        """Return the payload of mitmeter itself, which all devices are behind.

        currency: of what today costs, "" when no price is known.
        """
        topics, identity = self.topics, self.hub_identity
        name = f"hub-{topics.site}"
        connected = self._entity("binary_sensor", identity, name, "connected", "Connected")
        connected |= {"dev_cla": "connectivity", "stat_t": topics.availability}
        connected |= {"pl_on": "online", "pl_off": "offline", "ent_cat": "diagnostic"}
        made: dict[str, Payload] = {"connected": connected}
        available = [{"t": topics.availability}]
        devices = Entity("devices", "devices", "Devices", diagnostic=True)
        made["devices"] = {**self._sensor(identity, name, devices, 0), "avty": available}
        for key, words in COSTS.items() if currency else ():
            entity = Entity(key, key, words, "monetary", "total", currency, 2)
            made[key] = {
                **self._sensor(identity, name, entity, 0),
                "lrst_val_tpl": "{{ value_json.cost_today_since }}",
                "avty": available,
            }
        if not currency:
            made |= {key: {"p": "sensor"} for key in COSTS}
        return {
            "dev": {
                "ids": [identity],
                "name": f"mitmeter {topics.site}",
                "mdl": "mitmeter",
                "sw": self.version,
                **({"cu": self.dashboard} if self.dashboard else {}),
            },
            "o": self._origin(),
            "stat_t": topics.hub_state,
            "qos": 1,
            "cmps": made,
        }

    def _origin(self) -> Payload:
        return {"name": "mitmeter", "sw": self.version}

    def _entity(self, platform: str, identity: str, name: str, key: str, words: str) -> Payload:
        return {
            "p": platform,
            "name": words,
            "uniq_id": f"{identity}_{key}",
            "def_ent_id": f"{platform}.mitmeter_{slug(name)}_{slug(key)}",
        }


COSTS = {
    "cost_today": "Cost today",
    "cost_today_electricity": "Electricity cost today",
    "cost_today_gas": "Gas cost today",
}


def identity_of(device: DeviceId) -> str:
    """Return a device's identifier, such as `mitmeter_glow_70b3d5a1b2c3`."""
    return f"mitmeter_{slug(device.protocol)}_{slug(device.serial)}"


def hub_identity_of(site: str) -> str:
    return f"mitmeter_hub_{slug(site)}"


def shown_components(payload: Payload) -> dict[str, str]:
    """Return the components of a payload that are there, with their platforms."""
    components = payload["cmps"]
    assert isinstance(components, dict)  # noqa: S101 - made above
    return {key: str(each["p"]) for key, each in components.items() if len(each) > 1}


def text_of(payload: Payload) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def slug(text: str) -> str:
    """Return text as Home Assistant's ids have it: lower case, digits, underscores."""
    return re.sub(r"[^a-z0-9_]", "_", text.lower())


def expiry(patience: float) -> int:
    """Return the step for so many seconds."""
    return next((each for each in _EXPIRIES if each >= patience), _EXPIRIES[-1])
