"""What the module prints: its answers' fixed parts and the settings in them, CR LF between lines.

Whether an answer begins or ends with an empty line differs from command to command [H].
"""

from __future__ import annotations

from mitmeter.devices.kamstrup.management.parameters import NOWHERE
from mitmeter.devices.kamstrup.management.settings import CONFIG_PORT, Settings

END = "\r\n"
OK = "\r\nOK\r\n"
UNKNOWN = "\r\n? Command not found.\r\nSend 'H' for help.\r\n"
INVALID = "\r\n? Invalid parameter.\r\nTry 'H cmd' for specific help.\r\n Ie: H !SC\r\n"
INVALID_DATA = "\r\nInvalid data!\r\n\r\n"


def welcome(settings: Settings) -> str:
    return f"\r\nWelcome...\r\nConnected to [{settings.text('mac')}]\r\n"


def access(settings: Settings) -> str:
    status = "ENABLED" if settings.is_on("filter") else "DISABLED"
    entries = (f" [{n}] {settings.text(f'access{n}')}" for n in range(1, 6))
    return END.join((f"{status} ", *entries)) + END


def alarm(settings: Settings) -> str:
    server = f"{settings.text('alarm_ip')}:{settings.number('alarm_port')}"
    return f"Alarm server:  {server if settings.is_on('alarm') else 'DISABLED'} "


def server(settings: Settings) -> str:
    return f"Service server addr.: {_server_a(settings)}{END}"


def both_servers(settings: Settings) -> str:
    first = f"{END}Service server addr.: {_server_a(settings)} (from DNS){END}"
    second = settings.text("kap_b_ip")
    if second == NOWHERE:
        return f"{first}No redundancy."
    return f"{first}and fallback KAP to:  {second}:{settings.number('kap_b_port')}{END}"


def _server_a(settings: Settings) -> str:
    return f"{settings.text('kap_ip')}:{settings.number('kap_port')}"


def host(settings: Settings) -> str:
    return f"Service server hostname.: {settings.text('lookup')}{END}"


def own_address(settings: Settings) -> str:
    use = "YES" if settings.is_on("dhcp") else "NO"
    return (
        f"{END}Use DHCP            : {use}{END}{END}IP addr.            : "
        f"{settings.text('ip')}{END}"
    )


def timers(settings: Settings) -> str:
    return (
        f"{END}Software watchdog: {_enabled(settings, 'wdt')}"
        f"{END}KAP Missing warning: {_enabled(settings, 'missing')}"
        f"{END}Keep alive timer (flash setting): {_enabled(settings, 'interval')}{END}"
    )


def _enabled(settings: Settings, name: str) -> str:
    value = settings.number(name)
    return f"{'ENABLED' if value else 'DISABLED'} {value}"


def ports(settings: Settings) -> str:
    return (
        f"{END}KAP on server: {settings.number('kap_port')}"
        f"{END}ChA on module: {settings.number('channel_a')}"
        f"{END}ChB on module: {settings.number('channel_b')}"
        f"{END}Cfg on module: {CONFIG_PORT}{END}"
    )


def serial(settings: Settings) -> str:
    return (
        f"{END}UART A setup : {settings.text('uart_a')}{END}"
        f"UART B setup : {settings.text('uart_b')}{END}"
    )


def configuration(settings: Settings) -> str:
    """Return the nineteen lines of !GC; no empty line before them."""
    lines = (
        ("Device Name         : ", settings.text("name")),
        ("Use DHCP            : ", "YES" if settings.is_on("dhcp") else "NO"),
        ("IP addr.            : ", settings.text("ip")),
        ("IP Subnet           : ", settings.text("mask")),
        ("Gateway addr.       : ", settings.text("gateway")),
        ("Service server addr.: ", settings.text("kap_ip")),
        ("Service server hostname.: ", settings.text("kap_host")),
        ("DNS Server No. 1: ", settings.text("dns1")),
        ("DNS Server No. 2: ", settings.text("dns2")),
        ("DNS Server No. 3: ", settings.text("dns3")),
        ("MAC addr. (HEX)     : ", settings.text("mac")),
        ("Channel A device meterno.: ", settings.text("meter_a")),
        ("Channel B device meterno.: ", settings.text("meter_b")),
        ("Keep alive timer (flash setting): ", _enabled(settings, "interval")),
        ("Keep alive timer (current setting): ", _enabled(settings, "interval")),
        (
            "Has the module received acknowledge from the server: ",
            "YES" if settings.is_on("kap_acknowledged") else "NO",
        ),
        ("KAP Server port: ", str(settings.number("kap_port"))),
        ("KAP Local port: ", str(settings.number("kap_local_port"))),
        ("Software watchdog: ", _enabled(settings, "wdt")),
    )
    return "".join(label + value + END for label, value in lines)
