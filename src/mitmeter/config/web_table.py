"""The `[web]` table: the dashboard and its API."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from mitmeter.config.endpoint import Endpoint
from mitmeter.config.section import Address, File, IpAddress, Section

DEFAULT_LISTEN = Endpoint("tcp", "127.0.0.1", 8480)


class Web(Section):
    """The dashboard and its API, for who has the token that is made at the first start."""

    enabled: bool = Field(True, description="Whether there is a dashboard at all.")
    listen: Address = Field(
        DEFAULT_LISTEN,
        description="Where it is served: tcp:// on this machine only, tls:// anywhere.",
    )
    read_only: bool = Field(
        False, description="Whether nobody may command a device from here, whatever the token."
    )
    names: tuple[str, ...] = Field(
        (),
        description="Further host names that lead here, such as a reverse proxy's; others are "
        "turned away.",
    )
    certificate: File | None = Field(
        None,
        description="For tls://: a PEM file with the certificate and what signed it; one of our "
        "own unless given.",
        examples=["/etc/ssl/house.pem"],
    )
    key: File | None = Field(
        None,
        description="Its private key, where that is a file of its own.",
        examples=["/etc/ssl/house.key"],
    )
    ingress: IpAddress | None = Field(
        None,
        description="The one address that has let people in already: Home Assistant's ingress. "
        "With tcp:// nobody else is let in then.",
        examples=["172.30.32.2"],
    )


def check_web(web: Web) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the table, as (key, sentence)."""
    listen = web.listen
    if listen.scheme not in ("tcp", "tls"):
        yield "listen", f"write it as tcp://… or tls://…, not {listen}"
    elif listen.scheme == "tcp" and not listen.loopback and web.ingress is None:
        yield (
            "listen",
            f"{listen} would send the token and all data in the clear through the network; "
            f"write tls://{str(listen).partition('://')[2]}, or stay on 127.0.0.1",
        )
    if web.key is not None and web.certificate is None:
        yield "key", "is of no use without certificate"
    if web.certificate is not None and listen.scheme != "tls":
        yield "certificate", "is for tls:// only"
