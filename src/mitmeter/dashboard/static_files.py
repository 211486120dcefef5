"""Our own pages, scripts and styles, and the charts out of the installed package.

Small files are held in memory as they are on disk now; the charts are squeezed once, when they are
first asked for.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

CHARTS = "plotly.min.js"
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,5}\Z")
_WORTH_ZIPPING = 512
_ALREADY_SMALL = (".png", ".woff2", ".ico")


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is sent. zipped: None where that would not make it smaller."""

    kind: str
    tag: str
    body: bytes
    zipped: bytes | None


class StaticFiles:
    """Finds files by their name below `static/`; reads again what has changed on disk."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(str(resources.files("mitmeter.dashboard"))) / "static"
        self._held: dict[str, tuple[tuple[int, int], File]] = {}

    def find(self, name: str) -> File | None:
        """Return a file, None where there is none. May take a second for the charts."""
        path = self._path(name)
        if path is None:
            return None
        try:
            about = path.stat()
            mark = (about.st_mtime_ns, about.st_size)
            held = self._held.get(name)
            if held is None or held[0] != mark:
                held = self._held[name] = (mark, _read(path))
        except OSError:
            return None
        return held[1]

    def _path(self, name: str) -> Path | None:
        if not _NAME.match(name) or Path(name).suffix not in _KINDS:
            return None
        own = self._folder / name
        if name == CHARTS and not own.is_file():
            return _charts()
        return own


def _charts() -> Path | None:
    try:
        return Path(str(resources.files("plotly"))) / "package_data" / CHARTS
    except ModuleNotFoundError:
        return None


def _read(path: Path) -> File:
    body = path.read_bytes()
    tag = hashlib.blake2b(body, digest_size=12).hexdigest()
    zipped = None
    if len(body) >= _WORTH_ZIPPING and path.suffix not in _ALREADY_SMALL:
        zipped = gzip.compress(body, 6, mtime=0)
    # What every browser takes zipped need not be held twice.
    kept = body if zipped is None or len(body) < 1 << 20 else b""
    return File(_KINDS[path.suffix], tag, kept, zipped)


def plain_body(file: File) -> bytes:
    """Return a file's bytes for who cannot unzip."""
    return file.body or (b"" if file.zipped is None else gzip.decompress(file.zipped))
