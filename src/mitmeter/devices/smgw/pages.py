"""What a person sees when the gateway itself cannot answer: why, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from mitmeter.wire.http import Headers, encode_response

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:10vh auto;padding:0 1rem;"
    "color-scheme:light dark}h1{font-size:1.4rem}p.code{opacity:.7;font-size:.85rem}"
    "code{overflow-wrap:anywhere}"
)


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of our own.

    status: HTTP's. title: what is wrong, in one line. text: paragraphs.
    retry:  seconds after which it may be worth trying again, 0 when there is no saying.
    """

    status: int
    title: str
    text: tuple[str, ...]
    retry: int = 0


def encode_page(page: Page, *, head_only: bool = False, closes: bool = False) -> bytes:
    """Return the page as a response, complete in itself: it loads nothing from anywhere."""
    paragraphs = "".join(f"<p>{escape(each)}</p>" for each in page.text)
    body = (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width">'
        f"<title>{escape(page.title)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(page.title)}</h1>{paragraphs}"
        f"<p class=code>mitmeter, before the gateway · {page.status}</p></html>\n"
    ).encode()
    headers: Headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
        *((("Retry-After", str(page.retry)),) if page.retry else ()),
        ("Content-Length", str(len(body))),
        *((("Connection", "close"),) if closes else ()),
    )
    return encode_response(page.status, headers, b"" if head_only else body)


def unreachable(kind: str, reason: str, server: str) -> Page:
    """Return the page for a gateway that could not be connected to."""
    if kind == "certificate":
        return Page(
            502,
            "The gateway shows another certificate",
            (
                reason + ".",
                "Nothing was said to it. If your metering operator has renewed the certificate or "
                "changed the gateway, accept the new one with the command above. If not, somebody "
                "may stand between.",
            ),
        )
    if kind == "subnet":
        return Page(
            502,
            "The gateway is in another network",
            (
                f"{server} answers only hosts of its own network, and this machine has no address "
                "in it.",
                "Give the network port that leads to the gateway a second address of that network, "
                "for instance the gateway's own with another last number.",
            ),
        )
    if kind == "tls":
        return Page(
            502,
            "The gateway does not speak as expected",
            (f"{server} was reached, but encryption could not be agreed on: {reason}.",),
        )
    return Page(
        502,
        "The gateway cannot be reached",
        (
            f"{server}: {reason}.",
            "Is the cable in the port labelled HAN, and its light on? Does this machine have an "
            "address in the gateway's network? Some gateways do not answer ping: mitmeter doctor "
            "tries the port itself.",
        ),
        retry=30,
    )


def broken(reason: str) -> Page:
    return Page(
        502,
        "The gateway broke off its answer",
        (f"It {reason}.", "Gateways do that when they are asked too much; leave it a minute."),
        retry=60,
    )


def silent(seconds: float) -> Page:
    return Page(
        504,
        "The gateway does not answer",
        (
            f"It took the request {seconds:g} seconds ago and has said nothing since.",
            "When this stays so for an hour, only the metering operator can wake it up.",
        ),
        retry=300,
    )


def locked(seconds: int, tries: int) -> Page:
    return Page(
        429,
        "Logins are held back for a while",
        (
            f"The gateway has refused the user name or password {tries} times in a row. It locks "
            f"the account after some more, so nothing is tried for another {seconds} seconds.",
            "Look at user name and password once more: a full stop at the end of a message is not "
            "part of it.",
        ),
        retry=max(1, seconds),
    )


def wrong_login(tries: int, most: int) -> Page:
    return Page(
        401,
        "The gateway refuses the user name or password",
        (
            f"That was try {tries} of {most}; after those mitmeter waits some minutes, so that the "
            "gateway does not lock the account.",
        ),
    )


def busy(waiting: int) -> Page:
    return Page(
        503,
        "Too many requests wait for the gateway",
        (f"It answers one at a time, and {waiting} wait already.",),
        retry=10,
    )


def session_held(seconds: int) -> Page:
    return Page(
        503,
        "Somebody else is logged in",
        (
            "This gateway knows one session at a time. It is free again when the other one logs "
            f"out, or has asked nothing for {seconds} seconds.",
        ),
        retry=seconds,
    )


def refused(status: int, reason: str) -> Page:
    return Page(status, "This is not passed on to the gateway", (reason + ".",))


def misdirected(host: str) -> Page:
    return Page(
        421,
        "This is no name of ours",
        (
            f"The request was for {host or 'no host at all'}. Use this machine's address or local "
            "name, or list the name under names in the station's options.",
        ),
    )
