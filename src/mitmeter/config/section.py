"""What the configuration's models are made of: a strict table, and types that read text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from mitmeter.config.amounts import duration_text, parse_duration, parse_size, size_text
from mitmeter.config.endpoint import Endpoint
from mitmeter.config.zone import parse_zone
from mitmeter.errors import ConfigError

FOREVER: Final = "forever"


class Section(BaseModel):
    """A table of the file: nothing unknown in it, nothing converted behind the operator's back."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        arbitrary_types_allowed=True,
        validate_by_name=True,
        validate_by_alias=True,
    )


def _reader(parse: Callable[[str], object], kind: type, example: str) -> BeforeValidator:
    """Return a validator that reads text with `parse` and lets a value that is already one pass."""

    def read(value: object) -> object:
        if isinstance(value, kind) and not isinstance(value, bool):
            return value
        if not isinstance(value, str):
            raise ValueError(f'expected text in quotes, such as "{example}", got {value!r}')
        try:
            return parse(value)
        except ConfigError as exc:
            raise ValueError(exc.problem) from None

    return BeforeValidator(read)


def _network(text: str) -> Net:
    try:
        return ip_network(text)
    except ValueError as exc:
        raise ConfigError(
            "", f"{text!r} is not a network such as 192.168.101.0/24: {exc}"
        ) from None


def _interface(text: str) -> IPv4Interface:
    if "/" not in text:
        raise ConfigError("", f"{text!r} has no network length; write it like 192.168.101.2/24")
    return IPv4Interface(text)


def _size(value: object) -> object:
    # A number in the file has no unit; only the defaults in this module are numbers of bytes.
    if not isinstance(value, str):
        raise ValueError(f'expected a size in quotes, such as "10GB", got {value!r}')
    try:
        return parse_size(value)
    except ConfigError as exc:
        raise ValueError(exc.problem) from None


def _keep(text: str) -> timedelta | str:
    return FOREVER if text == FOREVER else parse_duration(text)


def _keep_text(keep: timedelta | str) -> str:
    return keep if isinstance(keep, str) else duration_text(keep)


def _options(value: object) -> object:
    """Return settings as the text a protocol gets: numbers as written, lists with commas."""
    if not isinstance(value, dict):
        raise ValueError("expected a table, such as { misbehave = true }")
    return {str(name): _option(str(name), item) for name, item in value.items()}


def _option(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(_option(name, item) for item in value)
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"{name}: expected text, a number, a boolean or a list of them")


def _text(example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "examples": [example]})


Address = Annotated[
    Endpoint,
    _reader(Endpoint.parse, Endpoint, "tcp://127.0.0.1:7777"),
    PlainSerializer(str, return_type=str),
    _text("tcp://127.0.0.1:7777"),
]
Onward = Annotated[
    Endpoint,
    _reader(Endpoint.parse_onward, Endpoint, "tcp://192.0.2.7:7777"),
    PlainSerializer(str, return_type=str),
    _text("tcp://192.0.2.7:7777"),
]
Duration = Annotated[
    timedelta,
    _reader(parse_duration, timedelta, "10m"),
    PlainSerializer(duration_text, return_type=str),
    _text("10m"),
]
Keep = Annotated[
    timedelta | Literal["forever"],
    _reader(_keep, timedelta, "90d"),
    PlainSerializer(_keep_text, return_type=str),
    _text("90d"),
]
Size = Annotated[
    int, BeforeValidator(_size), PlainSerializer(size_text, return_type=str), _text("10GB")
]
Zone = Annotated[
    ZoneInfo,
    _reader(parse_zone, ZoneInfo, "Europe/London"),
    PlainSerializer(str, return_type=str),
    _text("Europe/London"),
]
File = Annotated[
    Path,
    _reader(Path, Path, "/run/secrets/name"),
    PlainSerializer(str, return_type=str),
    _text("/run/secrets/name"),
]
IpAddress = Annotated[
    IPv4Address,
    _reader(IPv4Address, IPv4Address, "192.168.101.2"),
    PlainSerializer(str, return_type=str),
    _text("192.168.101.2"),
]
IpInterface = Annotated[
    IPv4Interface,
    _reader(_interface, IPv4Interface, "192.168.101.2/24"),
    PlainSerializer(str, return_type=str),
    _text("192.168.101.2/24"),
]
Net = IPv4Network | IPv6Network
IpNetwork = Annotated[
    Net,
    _reader(_network, IPv4Network, "192.168.101.0/24"),
    PlainSerializer(str, return_type=str),
    _text("192.168.101.0/24"),
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]
Options = Annotated[
    dict[str, str],
    BeforeValidator(_options),
    WithJsonSchema({"type": "object"}),
]
