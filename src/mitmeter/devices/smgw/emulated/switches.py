"""What can be switched in an emulated gateway, table by table.

Defaults are those of no make in particular; `USUAL` says where a make differs. Where the fact sheet
knows more than one behaviour, or none, there is a switch (§7, §9). Names are unique over all
tables, so that an option of the run needs no more than the name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mitmeter.devices.smgw.emulated.switch import number, read_switches, seconds, switch_names, word
from mitmeter.errors import ConfigError

MAKES = ("theben", "ppc", "emh")
_CENTURY_S = 3_155_760_000


@dataclass(frozen=True, slots=True)
class DigestSwitches:
    """algorithm: announced. accepts: `announced`, or what is taken whatever was announced.
    opaque: whether there is one. check_uri: it has to be the request-target. check_count: nc has
    to rise. need_qop: a login without is refused. quotes: of algorithm and qop in a login.
    nonce_seconds: how long one lasts, 0: for ever. stale: what follows then: 401 with stale=true,
    401 without, or 200 and a page without data. refusal: what follows a wrong login: 401, 200
    without a body, or 200 and a page. failures: wrong logins until the account is locked, 0: never,
    for locked_seconds. nonce, opaque_text: always these, for examples known beforehand.
    """

    realm: str = "SMGW"
    algorithm: str = word("MD5", "SHA-256")
    accepts: str = word("announced", "MD5", "SHA-256", "both")
    opaque: bool = False
    check_uri: bool = True
    check_count: bool = False
    need_qop: bool = True
    quotes: str = word("taken", "refused")
    nonce_seconds: int = number(3_600, 0, _CENTURY_S)
    stale: str = word("flag", "plain", "page")
    refusal: str = word("401", "empty", "page")
    failures: int = number(5, 0, 1_000)
    locked_seconds: int = number(300, 0, _CENTURY_S)
    nonce: str = ""
    opaque_text: str = ""


@dataclass(frozen=True, slots=True)
class FramingSwitches:
    """length: what follows a POST without Content-Length, or in chunks. check_type: a POST of
    another Content-Type is answered 400.
    """

    length: str = word("taken", "400", "411", "empty")
    check_type: bool = True


@dataclass(frozen=True, slots=True)
class ClockSwitches:
    """period: of readings, seconds. capture_least, capture_most: from the moment aimed at to that
    of the reading, seconds. valued_at: which of them the value is of. offset_seconds: how wrong the
    gateway's clock is. stopped_at: readings end there (an instant as YYYY-MM-DDThh:mm:ssZ), as for
    a login that has been superseded. time_valid: or each status word says it is not. transparency:
    that bit of the status. keeps_days: readings older than that are gone.
    """

    period: int = number(900, 60, 86_400)
    capture_least: int = number(0, -420, 420)
    capture_most: int = number(0, -420, 420)
    valued_at: str = word("grid", "capture")
    offset_seconds: int = number(0, -_CENTURY_S, _CENTURY_S)
    stopped_at: str = ""
    time_valid: bool = True
    transparency: bool = False
    keeps_days: int = number(730, 1, 36_500)


@dataclass(frozen=True, slots=True)
class TimingSwitches:
    """first, each: seconds until the first answer of a connection, and until each later one.
    idle_seconds, longest_seconds: a connection is cut then, 0: never.
    """

    first: float = seconds(1.0)
    each: float = seconds(1.0)
    idle_seconds: int = number(600, 0, _CENTURY_S)
    longest_seconds: int = number(172_800, 0, _CENTURY_S)


@dataclass(frozen=True, slots=True)
class MisbehaviourSwitches:
    """hang_after: so many requests within hang_window seconds and nothing is answered any more, for
    hang_seconds; 0: never. drop_every: each so-manyth request ends in a closed connection.
    """

    hang_after: int = number(0, 0, 1_000_000)
    hang_window: int = number(60, 1, 86_400)
    hang_seconds: int = number(3_600, 1, _CENTURY_S)
    drop_every: int = number(0, 0, 1_000_000)


@dataclass(frozen=True, slots=True)
class LogSwitches:
    """begin: the day (YYYY-MM-DD) of the gateway's first entry. at: UTC hh:mm:ss of a day's first
    one. entries: how many a day. What happens at run time, such as a self-test, comes in addition.
    """

    begin: str = "2024-01-01"
    at: str = "00:05:11"
    entries: int = number(1, 1, 1_440)
    event: str = "16099"
    level_number: int = number(1, 1, 4)
    message: str = "Selbsttest erfolgreich"


@dataclass(frozen=True, slots=True)
class ThebenSwitches:
    """interface: version told in each answer. elapsed: milliseconds told, -1: made up. obis: bare,
    or with the meter. signature: `made`, `null`, or these hex digits. level: of log entries, 1 to
    4, or as syslog counts. longest_days: of one query, 0: any. window: whether `fromtime` itself
    belongs to it. selftest_seconds: until the next self-test. wrong_userid: with an empty body.
    empty_channel: a register (12 hex) that is listed without readings. order: of readings.
    userid: the form of an account's, where the persona does not spell it. location: of `/`.
    han_tls: the PEM text told as the HAN certificate, "": one made up.
    """

    interface: str = "1.3.0"
    elapsed: int = number(-1, -1, 1_000_000)
    obis: str = word("bare", "suffix")
    signature: str = "made"
    level: str = word("plain", "syslog")
    longest_days: int = number(31, 0, 36_500)
    window: str = word("half-open", "closed")
    selftest_seconds: int = number(600, 0, 86_400)
    wrong_userid: str = word("200", "401")
    empty_channel: str = ""
    order: str = word("oldest", "newest")
    userid: str = word("meter", "login", "gateway")
    location: str = word("absolute", "path")
    han_tls: str = ""


@dataclass(frozen=True, slots=True)
class PpcSwitches:
    """second_login: while an account has a session. session_seconds: how long one lasts. cookie:
    whether a login sets one. tkn: whether it has to be the newest. rotating: each page with meters
    gives them new handles. lines: ids of rows. inherited: cells of a moment's later rows. misspelt:
    the id of OBIS cells, as one firmware does. valid_words: for 2 and 3. status_cell: one more.
    rows: of a page. newline: of pages. no_data: which of the two pages. log_most: entries of one
    export; twice_escaped: the umlauts of the page that says so. cms_split: the content of a file in
    pieces (BER). signed: whether files are. restart_seconds: after a self-test. session, token:
    fixed value and prefix, for examples known beforehand. menu: its actions, comma-separated, "":
    all.
    """

    second_login: str = word("refused", "taken-over")
    session_seconds: int = number(900, 1, _CENTURY_S)
    cookie: bool = True
    tkn: str = word("strict", "ignored")
    rotating: bool = True
    lines: str = word("alternate", "count", "none")
    inherited: str = word("empty", "absent")
    misspelt: bool = False
    valid_words: bool = False
    status_cell: bool = False
    rows: int = number(200, 1, 100_000)
    newline: str = word("crlf", "lf")
    no_data: str = word("plain", "paged")
    log_most: int = number(1_000, 1, 1_000_000)
    twice_escaped: bool = False
    cms_split: bool = False
    signed: bool = True
    restart_seconds: int = number(60, 0, 3_600)
    session: str = ""
    token: str = ""
    menu: str = ""


@dataclass(frozen=True, slots=True)
class EmhSwitches:
    """host_check: what follows a wrong Host, or `off`. hosts: names taken beside addresses and
    smgw.local, comma-separated. uppercase: hex digits of logical names. malformed: one entry that
    is no register. taf10: power, voltage, current, frequency. energy_scaler: of energy registers.
    status_digits: 16, or 14 as some have. no_meters: an empty list. sensor_domains: contracts name
    their meters. history: a meter's path lists the numbers of its chunks, or is the newest one.
    """

    host_check: str = word("400", "403", "off")
    hosts: str = ""
    uppercase: bool = False
    malformed: bool = False
    taf10: bool = True
    energy_scaler: int = number(-1, -4, 3)
    status_digits: int = number(16, 1, 16)
    no_meters: bool = False
    sensor_domains: bool = True
    history: str = word("listed", "newest")


@dataclass(frozen=True, slots=True)
class Switches:
    """All of them."""

    digest: DigestSwitches
    framing: FramingSwitches
    clock: ClockSwitches
    timing: TimingSwitches
    misbehaviour: MisbehaviourSwitches
    log: LogSwitches
    theben: ThebenSwitches
    ppc: PpcSwitches
    emh: EmhSwitches


TABLES: Mapping[str, type[Any]] = {
    "digest": DigestSwitches,
    "framing": FramingSwitches,
    "clock": ClockSwitches,
    "timing": TimingSwitches,
    "misbehaviour": MisbehaviourSwitches,
    "log": LogSwitches,
    "theben": ThebenSwitches,
    "ppc": PpcSwitches,
    "emh": EmhSwitches,
}

# Source: fact sheet §1.7 (captures), §2.2, §2.6, §3.1, §3.6, §4.1 [O]; realm of EMH invented, its
# times assumed [A].
USUAL: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "theben": {
        "digest": {"realm": "Conexa"},
        "framing": {"length": "empty"},
        "clock": {"capture_least": -5, "capture_most": -1},
        "timing": {"first": 2.5, "each": 1.1},
    },
    "ppc": {
        "digest": {
            "realm": "SmartMeterGateway",
            "opaque": True,
            "nonce_seconds": 900,
            "stale": "page",
        },
        "framing": {"length": "400"},
        "clock": {"capture_least": 1, "capture_most": 5},
        "timing": {"first": 2.0, "each": 1.0},
    },
    "emh": {
        "digest": {"realm": "CASA-TEST", "nonce_seconds": 300, "stale": "plain"},
        "timing": {"first": 0.8, "each": 0.3},
    },
}


def read_all(make: str, persona: Mapping[str, Any], options: Mapping[str, str]) -> Switches:
    """Return the switches of a persona. Raises ConfigError, naming the key, for a wrong one."""
    known = set().union(*(switch_names(name, kind) for name, kind in TABLES.items()))
    for name in options:
        if name not in known:
            raise ConfigError(f"options.{name}", "is no switch of an emulated gateway")
    found: dict[str, Any] = {}
    for name, kind in TABLES.items():
        table = persona.get(name, {})
        if not isinstance(table, Mapping):
            raise ConfigError(name, "is no table")
        usual = USUAL[make].get(name, {})
        found[name] = read_switches(kind, name, table, usual, options)
    return Switches(**found)
