"""What happened on the device network, as events: one place for their ids, fields and sentences."""

from __future__ import annotations

from datetime import datetime

from mitmeter.lan.dhcp import LeaseEvent, LeaseKind
from mitmeter.lan.tally import OTHERS, Tell
from mitmeter.model import Event, Field, Severity, printable

DNS_ASKED = "mitmeter.dns.asked"
NTP_ASKED = "mitmeter.ntp.asked"
DHCP = "mitmeter.dhcp."
DHCP_LEASED = DHCP + LeaseKind.LEASED
DHCP_RELEASED = DHCP + LeaseKind.RELEASED

# Steps on the way to a lease are dnsmasq's business; where they end is ours.
_TOLD = {
    LeaseKind.LEASED: "{mac} is {address} now{named}",
    LeaseKind.REFUSED: "{mac} may not be {address}{because}",
    LeaseKind.DECLINED: "{mac} does not want {address}: somebody else answers there",
    LeaseKind.RELEASED: "{mac} gave {address} back",
    LeaseKind.EXHAUSTED: "no address to give{to} on {interface}",
}


def dns_asked(tell: Tell, at: datetime) -> Event:
    """Return a host's question. what: (name, record type, verdict, transport), or OTHERS."""
    who = tell.who or "many hosts"
    name, qtype, verdict, transport = tell.what if tell.what != OTHERS else ("", "", "", "")
    if tell.what == OTHERS:
        message, verdict = f"{who} asked many more things", "many more"
    elif name:
        message = f"{who} asked for {name} ({qtype}): {verdict}"
    else:
        message = f"{who} sent no question by DNS: {verdict}"
    fields: dict[str, Field] = {
        "client": tell.who,
        "name": name,
        "type": qtype,
        "verdict": verdict,
        "transport": transport,
        "count": tell.count,
    }
    return Event(DNS_ASKED, at, message + _times(tell.count), fields=fields)


def ntp_asked(tell: Tell, at: datetime) -> Event:
    """Return a host's question for the time. what: (verdict,), or OTHERS."""
    who = tell.who or "many hosts"
    verdict = tell.what[0] if tell.what != OTHERS else "many more"
    message = f"{who} asked for the time: {verdict}" + _times(tell.count)
    fields: dict[str, Field] = {"client": tell.who, "verdict": verdict, "count": tell.count}
    return Event(NTP_ASKED, at, message, fields=fields)


def lease_event(told: LeaseEvent, at: datetime) -> Event | None:
    """Return what dnsmasq did as an event; None for steps that lead to nothing yet."""
    sentence = _TOLD.get(told.kind)
    if sentence is None:
        return None
    detail = printable(told.detail)
    leased = told.kind is LeaseKind.LEASED
    message = sentence.format(
        mac=told.mac,
        address=told.address,
        interface=told.interface,
        named=f", and calls itself {detail}" if detail else "",
        because=f": {detail}" if detail else "",
        to=f" to {told.mac}" if told.mac else "",
    )
    fields: dict[str, Field] = {
        "mac": told.mac,
        "address": told.address,
        "interface": told.interface,
        "name": detail if leased else "",
        "reason": "" if leased else detail,
    }
    quiet = told.kind in (LeaseKind.LEASED, LeaseKind.RELEASED)
    severity = Severity.INFO if quiet else Severity.WARNING
    return Event(DHCP + told.kind, at, message, severity, fields=fields)


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""
