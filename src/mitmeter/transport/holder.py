"""Who holds a port: the name and pid of the process behind a bound socket, from /proc."""

from __future__ import annotations

import os
from pathlib import Path

# The state of a socket that waits for anybody: TCP_LISTEN, and for UDP TCP_CLOSE, without a peer.
_WAITING = {"tcp": "0A", "udp": "07"}


def port_holder(port: int, scheme: str = "tcp") -> str:
    """Return `name (pid 123)` of who waits on a local `tcp` or `udp` port, "" if it is untold."""
    inodes = _waiting_inodes(port, scheme)
    if not inodes:
        return ""
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _owns(process, inodes):
            return f"{_name(process)} (pid {process.name})"
    return "a process of another user"


def _waiting_inodes(port: int, scheme: str) -> set[str]:
    found = set()
    for table in (scheme, f"{scheme}6"):
        try:
            lines = Path("/proc/net", table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            if columns[3] == _WAITING[scheme] and int(columns[1].rsplit(":", 1)[1], 16) == port:
                found.add(columns[9])
    return found


def _owns(process: Path, inodes: set[str]) -> bool:
    try:
        handles = list((process / "fd").iterdir())
    except OSError:
        return False
    for handle in handles:
        try:
            target = os.readlink(handle)
        except OSError:
            continue
        if target.startswith("socket:[") and target[8:-1] in inodes:
            return True
    return False


def _name(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return "a process"
    shown = [os.path.basename(word.decode("utf-8", "replace")) for word in words[:3] if word]
    return " ".join(shown) or "a process"
