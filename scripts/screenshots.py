"""Makes the pictures of the documentation: docs/pictures/*.png, from `mitmeter demo`.

Run it as `python scripts/screenshots.py` with the project's environment and Debian's Chromium.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
WIDTH, HEIGHT = 1280, 1120
PATIENCE_SECONDS = 90.0
# So long the demo runs first, for the last hour to have filled: an hour a minute.
WARM_UP_SECONDS = 65.0
LINK = re.compile(r"(http://\S+)/\?token=([\w-]+)")


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        with said.open("wb") as out:
            demo = subprocess.Popen(
                [Path(sys.executable).with_name("mitmeter"), "demo", "--plain", "--port", "0"],
                stdout=out,
                stderr=out,
            )
            try:
                root, token = wait_for_link(said, demo)
                time.sleep(WARM_UP_SECONDS)
                take_all(root, token)
            finally:
                demo.send_signal(signal.SIGINT)
                demo.wait()


def wait_for_link(said: Path, demo: subprocess.Popen[bytes]) -> tuple[str, str]:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and demo.poll() is None:
        found = LINK.search(said.read_text("utf-8", "replace"))
        if found:
            return found[1], found[2]
        time.sleep(0.1)
    raise SystemExit(f"the demo did not start:\n{said.read_text('utf-8', 'replace')}")


def take_all(root: str, token: str) -> None:
    pages = {
        "now": ("#/now", ".now-hour path"),
        "history": ("#/history?period=week&compare=1", ".plot .barlayer .point"),
        "devices": ("#/devices", ".device-grid"),
        "traffic": (f"#/traffic/{a_message(root, token)}", ".views"),
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, (place, ready) in pages.items():
            for theme in ("light", "dark"):
                picture = PICTURES / f"{name}-{theme}.png"
                take(browser, f"{root}/?token={token}", f"{root}/{place}", ready, theme, picture)
                print(
                    picture.relative_to(Path.cwd())
                    if picture.is_relative_to(Path.cwd())
                    else picture
                )
        browser.close()


def take(browser: Browser, link: str, address: str, ready: str, theme: str, picture: Path) -> None:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        color_scheme="dark" if theme == "dark" else "light",
        locale="en-GB",
    )
    page = context.new_page()
    page.goto(link)
    page.goto(address)
    page.wait_for_selector(ready, state="attached")
    page.wait_for_function("() => !document.querySelector('main [aria-busy]')")
    page.wait_for_timeout(500)  # for what fades in
    page.screenshot(path=picture)
    context.close()


def a_message(root: str, token: str) -> str:
    """Return the id of a message of the battery with readings in it."""
    talk = ask(root, token, "conversations?station=battery")["items"][0]["id"]
    messages = ask(root, token, f"conversations/{talk}/messages")["items"]
    return str(next(one["id"] for one in messages if one["readings"] > 3))


def ask(root: str, token: str, path: str) -> Any:
    request = urllib.request.Request(
        f"{root}/api/v1/{path}", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main()
