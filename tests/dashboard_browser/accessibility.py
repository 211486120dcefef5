"""What can be seen of accessibility from inside a page: names, headings, contrast, overflow.

Contrast is relative luminance by WCAG 2.2 §1.4.3: 4.5 for text, 3 for large text (24 px, or 18.66
px and bold), computed from the colours the browser has come to, with translucent layers mixed.
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

_AUDIT = Path(__file__).with_name("audit.js").read_text("utf-8")


def faults(page: Page) -> list[str]:
    """Return what is wrong with the page as it is now, one line each."""
    found: list[str] = page.evaluate(_AUDIT)
    return sorted(set(found))
