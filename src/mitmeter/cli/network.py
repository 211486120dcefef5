"""`mitmeter network`: what a router needs to be told."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, ip_network

import click

from mitmeter.cli.output import print_line
from mitmeter.cli.settings import global_options
from mitmeter.cli.usage import Command, Group
from mitmeter.errors import ConfigError


@click.group("network", cls=Group)
@global_options(hidden=True)
def network_command() -> None:
    """What the device network's router needs to be told."""


@network_command.command(
    "nftables",
    cls=Command,
    examples=(
        "mitmeter network nftables 192.168.101.0/24 --to 192.168.101.2 > mitmeter.nft",
        "mitmeter network nftables 192.168.101.0/24 --redirect 4433 > mitmeter.nft",
    ),
)
@click.argument("networks", nargs=-1, required=True, metavar="NETWORK...")
@click.option("--to", "target", metavar="ADDRESS", help="Our address.")
@click.option(
    "--redirect",
    type=click.IntRange(1, 65_535),
    metavar="PORT",
    help="Instead, for a proxy here with --to original: the port it listens on.",
)
@click.option(
    "--port",
    "ports",
    type=click.IntRange(1, 65_535),
    metavar="PORT",
    multiple=True,
    help="With --redirect: which port of others is turned; repeatable [443].",
)
@click.option(
    "--elsewhere", is_flag=True, help="The rules are for a router that is another machine."
)
@global_options(hidden=True)
def nftables_command(
    networks: tuple[str, ...],
    target: str | None,
    redirect: int | None,
    ports: tuple[int, ...],
    elsewhere: bool,
) -> int:
    """Print nftables rules that turn a device's own resolver, clock and cloud to us.

    For devices that ignore the DNS server they are told. The printed file says how to load and how
    to undo it.
    """
    from mitmeter.lan.nftables import redirect_rules

    if redirect is not None:
        if target is not None or elsewhere:
            raise click.UsageError("--redirect is for this machine: it goes without --to")
        return _redirect(networks, redirect, ports or (443,))
    if ports:
        raise click.UsageError("--port is for --redirect")
    if target is None:
        raise click.UsageError("say our address by --to ADDRESS, or --redirect PORT")
    try:
        found = [IPv4Network(text) for text in networks]
    except ValueError as exc:
        raise ConfigError("NETWORK", f"write one like 192.168.101.0/24: {exc}") from exc
    try:
        us = IPv4Address(target)
    except ValueError as exc:
        raise ConfigError("--to", str(exc)) from exc
    print_line(redirect_rules(found, us, elsewhere=elsewhere).rstrip())
    return 0


def _redirect(networks: tuple[str, ...], port: int, ports: tuple[int, ...]) -> int:
    from mitmeter.lan.nftables_redirect import redirect_here

    try:
        found = [ip_network(text) for text in networks]
    except ValueError as exc:
        raise ConfigError("NETWORK", f"write one like 192.168.101.0/24: {exc}") from exc
    print_line(redirect_here(found, port, ports).rstrip())
    return 0
