"""Looking into the store: opened for reading, and names found in it or refused with a hint."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import tzinfo

from mitmeter.cli.settings import Settings
from mitmeter.config.suggest import hint
from mitmeter.errors import MitmeterError
from mitmeter.model import CATALOGUE, DeviceId, printable
from mitmeter.store import Store


@contextlib.contextmanager
def looking(settings: Settings, zone: tzinfo) -> Iterator[Store]:
    """Open the store of the data directory, up to date with its journal."""
    from mitmeter.daemon.view import open_view

    with open_view(settings.data, zone) as store:
        yield store


def find_device(store: Store, text: str | None) -> DeviceId | None:
    """Return the device of that id, or of that serial number; None for None.

    Raises: MitmeterError for one that was never heard, with the nearest there is.
    """
    if text is None:
        return None
    known = {str(each.device): each.device for each in store.devices()}
    if text in known:
        return known[text]
    same_serial = [device for device in known.values() if device.serial == text]
    if len(same_serial) == 1:
        return same_serial[0]
    if not known:
        raise MitmeterError(f"--device: {printable(text)!r}: no device has been heard yet")
    raise MitmeterError(f"--device: {printable(text)!r} was never heard; {hint(text, known)}")


def check_quantity(store: Store, text: str | None) -> None:
    """Raise MitmeterError for a quantity neither the catalogue nor the store knows."""
    if text is None or text in CATALOGUE:
        return
    known = dict.fromkeys((*CATALOGUE, *(each.quantity.name for each in store.series())))
    prefix = text.removesuffix("*")
    found = any(name.startswith(prefix) for name in known) if prefix != text else text in known
    if not found:
        raise MitmeterError(f"--quantity: {printable(text)!r} is not known; {hint(prefix, known)}")
