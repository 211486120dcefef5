"""`[sink.NAME]`: kinds, secrets, mistakes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mitmeter.config.load import examine
from mitmeter.config.schema import schema
from mitmeter.config.sink_tables import KINDS, Influx, VictoriaMetrics
from mitmeter.config.values import Config


def config_of(text: str, folder: Path | None = None) -> Config:
    examined = examine(text, {}, folder)
    assert examined.config is not None, examined.errors
    return examined.config


def errors_of(text: str) -> list[tuple[str, str]]:
    return [(each.key, each.problem) for each in examine(text, {}).errors]


def test_the_name_of_a_table_is_its_kind_unless_it_says_another() -> None:
    sinks = config_of(
        """
        [sink.victoriametrics]
        url = "http://127.0.0.1:8428"
        [sink.attic]
        kind = "influx"
        url = "https://db.example.org/path"
        database = "home"
        every = "5s"
        [sink.cellar]
        kind = "influx"
        url = "http://[::1]:8086"
        database = "home"
        """
    ).sinks
    assert list(sinks) == ["victoriametrics", "attic", "cellar"]
    assert isinstance(sinks["victoriametrics"], VictoriaMetrics)
    assert isinstance(sinks["attic"], Influx)
    assert sinks["attic"].every == timedelta(seconds=5)


def test_without_tables_nothing_is_sent_anywhere() -> None:
    assert config_of("").sinks == {}


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("[sink.db]\nurl='http://x'", "sink.db", "which kind of sink is it?"),
        ("[sink.infux]\nurl='http://x'", "sink.infux", "did you mean 'influx'?"),
        ("[sink.influx]\nurl='http://x'", "sink.influx.database", "is required"),
        (
            "[sink.influx]\ndatbase='x'\nurl='http://x'",
            "sink.influx.datbase",
            "did you mean 'database'?",
        ),
        ("[sink.victoriametrics]\nurl='x:1'", "sink.victoriametrics.url", "is not a URL"),
        ("[sink.victoriametrics]\nurl='http://u:p@x'", "sink.victoriametrics.url", "password"),
        ("[sink.victoriametrics]\nurl='http://x?db=1'", "sink.victoriametrics.url", "after the"),
        ("[sink.file]\npath='x'\nsince='soon'", "sink.file.since", "'soon' is none of"),
        ("[sink.file]\npath='x'\nbatch=0", "sink.file.batch", "at least 1"),
        ("[sink.file]\npath='x'\nmax_size=5", "sink.file.max_size", "size in quotes"),
        ("[sink.file]\npath='x'\nevents=false", "sink.file.readings", "nothing is"),
        ("[sink.syslog]\nto='mqtt://x:1'", "sink.syslog.to", "write udp://"),
        ("[sink.syslog]\nto='udp://x:1'\nreadings=true", "sink.syslog.readings", "events only"),
        ("[sink.syslog]\nto='udp://x:0'", "sink.syslog.to", "port 0"),
        ("[sink.'a b']\nkind='file'\npath='x'", "sink.a b", "is not a name"),
        ("[sink]\nfile=3", "sink.file", "expected a table [sink.file]"),
        ("sink=3", "sink", "expected a table"),
        (
            "[sink.influx]\nurl='http://x'\ndatabase='x'\nuser='me'",
            "sink.influx.password_file",
            "go together",
        ),
        (
            "[sink.influx]\nurl='http://x'\ndatabase='x'\nversion='3'\norg='o'",
            "sink.influx.org",
            "version 2 only",
        ),
    ],
)
def test_a_mistake_is_told_with_its_key(text: str, key: str, words: str) -> None:
    found = errors_of(text)
    assert found[0][0] == key
    assert words in found[0][1]


def test_relative_files_are_taken_from_the_configurations_folder() -> None:
    text = """
        [sink.file]
        path = "log/events.jsonl"
        geoip_files = ["geo.mmdb"]
        [sink.hpfeeds]
        to = "tcp://192.0.2.6:10000"
        ident = "me"
        secret_file = "secret"
    """
    sinks = config_of(text, Path("/etc/mitmeter")).sinks
    assert sinks["file"].model_dump()["path"] == "/etc/mitmeter/log/events.jsonl"
    assert sinks["file"].model_dump()["geoip_files"] == ("/etc/mitmeter/geo.mmdb",)
    assert sinks["hpfeeds"].model_dump()["secret_file"] == "/etc/mitmeter/secret"


@pytest.mark.parametrize("since", ['"beginning"', '"now"', '"2026-01-01"', "2026-01-01"])
def test_a_sink_may_begin_anywhere(since: str) -> None:
    sinks = config_of(f"[sink.file]\npath='x'\nsince={since}").sinks
    assert sinks["file"].since == since.strip('"')


def test_every_key_of_every_kind_is_described_and_its_default_is_what_the_file_may_hold() -> None:
    tables = schema()["$defs"]
    for table in KINDS.values():
        described = tables[table.__name__]["properties"]
        assert all(each["description"] for each in described.values())
    assert tables["EventFile"]["properties"]["max_size"]["default"] == "100MB"
    assert tables["Influx"]["properties"]["every"]["default"] == "10s"
