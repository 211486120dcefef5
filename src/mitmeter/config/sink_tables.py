"""The `[sink.NAME]` tables: where readings and events go.

The kind of a sink is its table's name, or what `kind` says: `[sink.influx]` is one, and so is
`[sink.attic]` with `kind = "influx"`. A new kind is a table here and an entry in KINDS.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Discriminator, Field, WithJsonSchema

from mitmeter.config.section import Address, Duration, File, Name, Section, Size

Severity = Literal["info", "notice", "warning", "alarm"]
Facility = Literal[
    "user",
    "daemon",
    "auth",
    "authpriv",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
]


def _url(value: object) -> object:
    """Return an http or https URL as it is, once it is one."""
    if not isinstance(value, str):
        raise ValueError(f'expected text in quotes, such as "http://127.0.0.1:8086", got {value!r}')
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as exc:
        raise ValueError(f"{value!r} is not a URL: {exc}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(f"{value!r} is not a URL; write one like http://127.0.0.1:8086")
    if "@" in parts.netloc:
        raise ValueError("a user name or password does not belong into a URL")
    if parts.query or parts.fragment:
        raise ValueError(f"{value!r} has something after the path; that is for the other keys")
    return value


def _since(value: object) -> object:
    """Return `beginning`, `now`, or a date or time as ISO text."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value in ("beginning", "now"):
        return value
    try:
        if isinstance(value, str):
            datetime.fromisoformat(value)
            return value
    except ValueError:
        pass
    raise ValueError(f'{value!r} is none of "beginning", "now", or a date such as "2026-01-01"')


Url = Annotated[
    str,
    BeforeValidator(_url),
    WithJsonSchema({"type": "string", "examples": ["http://127.0.0.1:8086"]}),
]
Start = Annotated[
    str,
    BeforeValidator(_since),
    WithJsonSchema({"type": "string", "examples": ["beginning", "now", "2026-01-01"]}),
]


Topic = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}(/[A-Za-z0-9_-]{1,40}){0,4}$")]
Device = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}:[A-Za-z0-9._-]{1,64}$")]


class Sink(Section):
    """What all sinks have in common."""

    enabled: bool = Field(True, description="Whether anything is sent there.")
    readings: bool = Field(True, description="Whether readings are sent.")
    events: bool = Field(False, description="Whether events are sent.")
    quantities: tuple[str, ...] = Field(
        (),
        description="Only these quantities; a trailing * matches more.",
        examples=[["grid.*", "battery.soc"]],
    )
    event_ids: tuple[str, ...] = Field(
        (),
        description="Only events whose id begins so.",
        examples=[["mitmeter.kamstrup", "mitmeter.conversation"]],
    )
    severity: Severity = Field("info", description="Only events at least so severe.")
    since: Start = Field(
        "beginning",
        description='Where a new sink begins: "beginning" is everything there is, "now" only what '
        'is new, "2026-01-01" everything from then on.',
    )
    batch: int = Field(5000, ge=1, le=50_000, description="Rows sent at once.")
    every: Duration = Field(
        timedelta(seconds=10), description="How often there is a look at what is new."
    )
    timeout: Duration = Field(timedelta(seconds=30), description="How long one batch may take.")


class _LineSink(Sink):
    """What InfluxDB and VictoriaMetrics have in common."""

    user: str = Field("", description="Whom to log in as.", examples=["mitmeter"])
    password_file: File | None = Field(
        None, description="File whose first line is the password.", examples=["/run/secrets/influx"]
    )
    token_file: File | None = Field(
        None, description="File whose first line is the token.", examples=["/run/secrets/token"]
    )
    ca_file: File | None = Field(
        None,
        description="PEM file of the authority to trust instead of the system's.",
        examples=["/etc/ssl/house-ca.pem"],
    )
    gzip: bool = Field(True, description="Whether what is sent is compressed.")


class Influx(_LineSink):
    """InfluxDB 1, 2 or 3, by line protocol: one measurement per kind, every value a float."""

    kind: Literal["influx"] = Field("influx", description="What this sink is.")
    url: Url = Field(
        description="Where the server is, without the write path.",
        examples=["http://127.0.0.1:8086"],
    )
    version: Literal["1", "2", "3"] = Field("2", description="Of its API.")
    database: str = Field(description="The database; of version 2, the bucket.", examples=["home"])
    org: str = Field("", description="The organisation, of version 2.", examples=["home"])
    retention_policy: str = Field(
        "", description="Of version 1, another than its default.", examples=["autogen"]
    )


class VictoriaMetrics(_LineSink):
    """VictoriaMetrics, by line protocol. Start it with -dedup.minScrapeInterval=1ms."""

    kind: Literal["victoriametrics"] = Field("victoriametrics", description="What this sink is.")
    url: Url = Field(
        description="Where the server is, without the write path.",
        examples=["http://127.0.0.1:8428"],
    )
    settles: Duration = Field(
        timedelta(seconds=15),
        description="How long the server may hold rows in memory only: so much is sent again "
        "after it was restarted.",
    )


class _EventSink(Sink):
    """What the sinks for events have in common."""

    readings: bool = Field(False, description="Whether readings are sent.")
    events: bool = Field(True, description="Whether events are sent.")
    batch: int = Field(500, ge=1, le=50_000, description="Rows sent at once.")
    every: Duration = Field(
        timedelta(seconds=1), description="How often there is a look at what is new."
    )
    sensor: str = Field(
        "",
        description="How this mitmeter calls itself; the site's id unless given.",
        examples=["attic-pi"],
    )
    format: Literal["flat", "ecs"] = Field(
        "flat", description="flat: one level, cowrie-like; ecs: Elastic Common Schema."
    )
    geoip_files: tuple[str, ...] = Field(
        (),
        description="MMDB files of yours to look addresses up in.",
        examples=[["/var/lib/geoip/country.mmdb", "/var/lib/geoip/asn.mmdb"]],
    )


class EventFile(_EventSink):
    """A JSON Lines file, rotated."""

    kind: Literal["file"] = Field("file", description="What this sink is.")
    path: File = Field(
        description="The file lines are added to.", examples=["/var/log/mitmeter/events.jsonl"]
    )
    max_size: Size = Field(100 * 10**6, description="Beyond this a new file is begun.")
    daily: bool = Field(True, description="Whether a new file is begun every UTC day as well.")
    keep: int = Field(30, ge=0, le=100_000, description="How many earlier files are kept.")
    sync: bool = Field(True, description="Whether lines are on disk before they count as written.")


class Syslog(_EventSink):
    """A syslog server: RFC 5424 with the event as JSON."""

    kind: Literal["syslog"] = Field("syslog", description="What this sink is.")
    to: Address = Field(
        description="Where it is: udp://, tcp:// or tls://.", examples=["udp://192.0.2.5:514"]
    )
    facility: Facility = Field("local0", description="Of the messages.")
    hostname: str = Field(
        "", description="How this machine calls itself there.", examples=["attic-pi"]
    )
    ca_file: File | None = Field(
        None,
        description="For tls://: PEM file of the authority to trust instead of the system's.",
        examples=["/etc/ssl/house-ca.pem"],
    )


class Hpfeeds(_EventSink):
    """An hpfeeds broker, for those who share what their honeypots see."""

    kind: Literal["hpfeeds"] = Field("hpfeeds", description="What this sink is.")
    to: Address = Field(
        description="Where the broker is: tcp:// or tls://.", examples=["tcp://192.0.2.6:10000"]
    )
    ident: str = Field(description="Who we are there.", examples=["mitmeter"])
    secret_file: File = Field(
        description="File whose first line is the secret.", examples=["/run/secrets/hpfeeds"]
    )
    channel: str = Field("mitmeter.events", description="Where events are published.")
    ca_file: File | None = Field(
        None,
        description="For tls://: PEM file of the authority to trust instead of the system's.",
        examples=["/etc/ssl/house-ca.pem"],
    )


class Mqtt(Sink):
    """An MQTT broker: what every device shows now, and Home Assistant's discovery for it."""

    kind: Literal["mqtt"] = Field("mqtt", description="What this sink is.")
    url: Address = Field(
        description="Where the broker is: mqtt:// or mqtts://.",
        examples=["mqtt://homeassistant.local:1883"],
    )
    since: Start = Field(
        "now",
        description="Of events, where a new sink begins. Readings always begin with the newest "
        "ones: what is shown is what is.",
    )
    every: Duration = Field(
        timedelta(seconds=1), description="How often there is a look at what is new."
    )
    timeout: Duration = Field(
        timedelta(seconds=10), description="How long the broker may take to confirm a message."
    )
    username: str = Field("", description="Whom to log in as.", examples=["mitmeter"])
    password_file: File | None = Field(
        None, description="File whose first line is the password.", examples=["/run/secrets/mqtt"]
    )
    ca_file: File | None = Field(
        None,
        description="For mqtts://: PEM file of the authority to trust instead of the system's.",
        examples=["/etc/ssl/house-ca.pem"],
    )
    certificate_file: File | None = Field(
        None,
        description="For mqtts://: PEM file of our certificate, for a broker that asks for one.",
        examples=["/etc/mitmeter/mqtt.pem"],
    )
    key_file: File | None = Field(
        None,
        description="PEM file of its key; the certificate's file unless given.",
        examples=["/etc/mitmeter/mqtt.key"],
    )
    prefix: Topic = Field("mitmeter", description="All topics begin so; then comes the site's id.")
    homeassistant_discovery: bool = Field(
        True, description="Whether Home Assistant is told of every device."
    )
    discovery_prefix: Topic = Field(
        "homeassistant", description="Where Home Assistant listens for that."
    )
    expire_after: Duration = Field(
        timedelta(minutes=5),
        description="After so much silence a power is unknown and a device unavailable; for those "
        "that speak more rarely, after four times their usual pause.",
    )
    ignore: tuple[Device, ...] = Field(
        (),
        description="Devices that are not shown, or no longer: what was shown is removed.",
        examples=[["glow:02005EFFFE302010"]],
    )
    dashboard: str = Field(
        "",
        description="Where browsers find mitmeter's dashboard, for links in Home Assistant.",
        examples=["http://mitmeter.local:8480"],
    )


KINDS: dict[str, type[Section]] = {
    "mqtt": Mqtt,
    "influx": Influx,
    "victoriametrics": VictoriaMetrics,
    "file": EventFile,
    "syslog": Syslog,
    "hpfeeds": Hpfeeds,
}
SINK_TABLES: dict[str, type[Section]] = {f"sink.{kind}": table for kind, table in KINDS.items()}

AnySink = Annotated[
    Mqtt | Influx | VictoriaMetrics | EventFile | Syslog | Hpfeeds, Discriminator("kind")
]


def _named(value: object) -> object:
    """Give a table without a kind its name's."""
    if not isinstance(value, dict):
        return value
    return {
        name: {"kind": name, **table} if isinstance(table, dict) else table
        for name, table in value.items()
    }


Sinks = Annotated[dict[Name, AnySink], BeforeValidator(_named)]


def plain_loc(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return where a key stands as the file has it: without the kind that chose the table."""
    return loc[:2] + loc[3:] if len(loc) > 2 and loc[0] == "sink" else loc


def table_of(loc: tuple[int | str, ...]) -> type[Section] | None:
    """Return the table of a sink that an error is in; None for an error elsewhere."""
    return KINDS.get(str(loc[2])) if len(loc) > 2 and loc[0] == "sink" else None


def rooted_sink(sink: Any, folder: Path) -> Any:
    """Return the sink with its relative files taken from the folder of the file that names them."""
    changes: dict[str, object] = {}
    for name in type(sink).model_fields:
        value = getattr(sink, name)
        if isinstance(value, Path):
            changes[name] = folder / value.expanduser()
        elif name == "geoip_files":
            changes[name] = tuple(str(folder / Path(each).expanduser()) for each in value)
    return sink.model_copy(update=changes)


def check_sink(sink: Any) -> list[tuple[str, str]]:
    """Return what is wrong with a sink's keys together, as (key, sentence)."""
    found: list[tuple[str, str]] = []
    schemes = {"syslog": ("udp", "tcp", "tls"), "hpfeeds": ("tcp", "tls")}.get(sink.kind, ())
    if schemes and sink.to.scheme not in schemes:
        found.append(("to", f"{sink.to.scheme}:// is not for {sink.kind}; write {schemes[0]}://…"))
    elif schemes and sink.to.port == 0:
        found.append(("to", "port 0 is for listening only"))
    if schemes and sink.readings:
        found.append(("readings", f"{sink.kind} takes events only"))
    if not sink.readings and not sink.events:
        found.append(("readings", "neither readings nor events are sent: nothing is"))
    if isinstance(sink, _LineSink):
        if sink.user and sink.token_file:
            found.append(("token_file", "there is a user already; one of the two will do"))
        if bool(sink.user) != bool(sink.password_file):
            key = "password_file" if sink.user else "user"
            found.append((key, "user and password_file go together"))
    if isinstance(sink, Mqtt):
        found += _check_mqtt(sink)
    if isinstance(sink, Influx) and sink.version != "2" and sink.org:
        found.append(("org", "means something for version 2 only"))
    if isinstance(sink, Influx) and sink.version != "1" and sink.retention_policy:
        found.append(("retention_policy", "means something for version 1 only"))
    return found


def _check_mqtt(sink: Mqtt) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if sink.url.scheme not in ("mqtt", "mqtts"):
        found.append(("url", f"{sink.url.scheme}:// is no broker; write mqtt:// or mqtts://"))
    elif sink.url.port == 0:
        found.append(("url", "port 0 is for listening only"))
    if sink.password_file and not sink.username:
        found.append(("username", "a password is of no use without a username"))
    for key in ("ca_file", "certificate_file", "key_file"):
        if getattr(sink, key) and sink.url.scheme == "mqtt":
            found.append((key, "is for mqtts:// only"))
    if sink.key_file and not sink.certificate_file:
        found.append(("certificate_file", "there is a key without a certificate"))
    return found
