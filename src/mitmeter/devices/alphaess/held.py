"""What is known of a battery's configuration while a conversation lasts: the latest word counts."""

from __future__ import annotations

from mitmeter.devices.alphaess.configuration import from_json, is_configuration, whole
from mitmeter.devices.alphaess.messages import Members
from mitmeter.model import DeviceId
from mitmeter.protocol import Recall


class Held:
    """The configuration of one battery, from what was said here and from what is stored.

    A configuration is some 20 kB in memory, so this is for those who may carry out commands.
    """

    __slots__ = ("_recall", "_report", "_server", "_server_is_newest")

    def __init__(self, recall: Recall) -> None:
        self._recall = recall
        self._server: Members | None = None
        self._report: Members | None = None
        self._server_is_newest = False

    def given(self, members: Members) -> None:
        """The battery is being sent this by a server; a bare Status tells nothing."""
        if is_configuration(members):
            self._server, self._server_is_newest = members, True

    def reported(self, members: Members) -> None:
        """The battery reports this."""
        self._report, self._server_is_newest = members, False

    def whole(self, device: DeviceId) -> Members | None:
        """Return the whole configuration in the server's form, or None when none is known."""
        server = self._server or from_json(self._recall(device, "server_configuration"))
        if self._server_is_newest:
            return whole(server, None)
        return whole(server, self._report or from_json(self._recall(device, "configuration")))
