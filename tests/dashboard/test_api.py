"""What the API says about what the store holds."""

import csv
import gzip
import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

from mitmeter.model import Reading
from tests.daemon.plans import BATTERY, stored
from tests.dashboard.served_window import CHANGES, served, served_with_battery


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def until_of(readings: list[Reading]) -> str:
    newest = max(each.at for each in readings if each.at is not None)
    return (newest + timedelta(seconds=1)).astimezone(UTC).isoformat().replace("+00:00", "Z")


def identity(each: Reading) -> tuple[str, str, str]:
    return (each.quantity, each.source, str(each.reported))


async def test_pages_bring_every_reading_once_while_more_come_in(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path) as window:
        before = stored(tmp_path / "trap")
        path = f"/api/v1/readings?until={until_of(before)}"
        items = await window.control.items(path, limit=7)
        found = Counter((each["quantity"], each["source"], str(each["reported"])) for each in items)
    again = Counter((q, s, r.replace(" ", "T")) for q, s, r in map(identity, before))
    assert max(found.values()) == 1
    assert found.keys() >= again.keys()
    times = [utc(each["at"]) for each in items]
    assert times == sorted(times, reverse=True)


async def test_an_export_equals_the_store_to_the_last_digit(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path) as window:
        held = stored(tmp_path / "trap")
        until = until_of(held)
        table = await window.control.ask(f"/api/v1/readings?format=csv&until={until}")
        lines = await window.control.ask(
            f"/api/v1/readings?until={until}", headers={"Accept": "application/x-ndjson"}
        )
        held = [each for each in stored(tmp_path / "trap") if each.at and each.at < utc(until)]
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in table.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(table.body.decode())))
    told = [json.loads(line, parse_float=Decimal) for line in lines.body.splitlines()]
    expected = Counter((str(e.device), e.quantity, str(e.value), e.source) for e in held)
    assert Counter(
        (r["device"], r["quantity"], r["value"].lstrip("'"), r["source"]) for r in rows
    ) == (expected)
    assert Counter((t["device"], t["quantity"], str(t["value"]), t["source"]) for t in told) == (
        expected
    )
    assert [utc(row["at"]) for row in rows] == sorted(utc(row["at"]) for row in rows)


async def test_what_has_not_changed_is_not_sent_again(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path) as window:
        past = "/api/v1/quantities"
        first = await window.control.ask(past)
        tag = first.headers["ETag"]
        second = await window.control.ask(past, headers={"If-None-Match": f'"other", {tag}'})
        if second.status == 200:  # something was committed between the two
            tag = second.headers["ETag"]
            second = await window.control.ask(past, headers={"If-None-Match": tag})
        assert second.status in (200, 304)
        third = await window.control.ask(past, headers={"If-None-Match": 'W/"nonsense"'})
        assert third.status == 200
    async with served(tmp_path / "still") as window:
        for path in (past, "/api/v1/readings", "/api/v1/devices", "/login", "/assets/icons.svg"):
            tag = (await window.control.ask(path)).headers["ETag"]
            again = await window.control.ask(path, headers={"If-None-Match": tag})
            assert (again.status, again.body) == (304, b""), path


async def test_a_device_is_told_with_what_it_measures_and_may_be_told(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path, control=True) as window:
        (item,) = (await window.control.ask("/api/v1/devices")).json["items"]
        assert item["device"] == str(BATTERY)
        assert (item["commands"], item["control"], item["station"]) == (True, True, "battery")
        assert 5 <= item["expected_seconds"] <= 60
        path = f"/api/v1/devices/{quote(str(BATTERY), safe='')}"
        whole = (await window.control.ask(path)).json
        assert {each["quantity"] for each in whole["series"]} >= {"battery.soc", "grid.import"}
        soc = next(each for each in whole["series"] if each["quantity"] == "battery.soc")
        assert soc["unit"] == "%"
        assert 0 <= soc["value"] <= 100
        assert {each["name"] for each in whole["commands"]}
        assert (await window.control.ask("/api/v1/devices/glow:00")).status == 404
        assert (await window.control.ask("/api/v1/devices/%00")).status == 404


async def test_a_command_reaches_the_battery_and_its_answer_comes_back(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path, control=True) as window:
        path = f"/api/v1/devices/{BATTERY}/commands"
        known = (await window.control.ask(f"/api/v1/devices/{BATTERY}")).json["commands"]
        name = known[0]["name"]
        asked = {"name": name, "arguments": {"nonsense": "1"}}
        answer = await window.control.ask(path, "POST", json=asked, headers=CHANGES)
        assert answer.status == 200
        assert answer.json["accepted"] is False
        assert answer.json["text"]
        asked = {"name": "launch", "arguments": {}}
        answer = await window.control.ask(path, "POST", json=asked, headers=CHANGES)
        assert (answer.status, "launch" in answer.json["error"]) == (404, True)


async def test_commands_are_off_where_the_station_says_so(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path) as window:
        (item,) = (await window.control.ask("/api/v1/devices")).json["items"]
        assert (item["commands"], item["control"]) == (True, False)
        known = (await window.control.ask(f"/api/v1/devices/{BATTERY}")).json["commands"]
        asked = {"name": known[0]["name"], "arguments": {}}
        path = f"/api/v1/devices/{BATTERY}/commands"
        assert (await window.control.ask(path, "POST", json=asked, headers=CHANGES)).status == 403


async def test_the_overview_says_who_speaks_for_what(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path) as window:
        told = (await window.control.ask("/api/v1/overview")).json
        flow = told["flow"]
        assert set(flow["from"]) == {"grid", "pv", "battery", "house", "soc_percent"}
        assert set(flow["from"].values()) == {str(BATTERY)}
        # One house: what comes in is what is used, to the watt that each is rounded to.
        assert abs(flow["grid_w"] + flow["pv_w"] + flow["battery_w"] - flow["house_w"]) < 5
        assert flow["stale"] is False
        assert told["today"]["since"] == "2026-06-14T23:00:00Z"


async def test_events_are_paged_and_chosen_by_severity_and_id(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path) as window:
        items = await window.control.items("/api/v1/events", limit=2)
        numbers = [each["number"] for each in items]
        assert len(numbers) == len(set(numbers)) >= 4
        severe = await window.control.items("/api/v1/events?severity=notice", limit=50)
        assert {each["severity"] for each in severe} == {"notice"}
        logins = await window.control.items(
            "/api/v1/events?eventid=mitmeter.alphaess.log", limit=50
        )
        assert logins
        assert all(each["eventid"].startswith("mitmeter.alphaess.log") for each in logins)


async def test_history_and_intervals_answer_for_a_span(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path) as window:
        query = f"series={quote(f'{BATTERY}|battery.soc')}&series={quote(f'{BATTERY}|pv.power')}"
        told = (await window.control.ask(f"/api/v1/history?{query}&points=5")).json
        assert [each["quantity"] for each in told["series"]] == ["battery.soc", "pv.power"]
        for line in told["series"]:
            assert len(line["at"]) == len(line["mean"]) == len(line["low"]) == len(line["high"])
            assert 1 <= len(line["at"]) <= 5
            for low, mean, high in zip(line["low"], line["mean"], line["high"], strict=True):
                assert low <= mean <= high
        table = await window.control.ask("/api/v1/intervals?every=1h&format=csv")
        rows = list(csv.DictReader(io.StringIO(table.body.decode())))
        assert rows[-1]["from"] == "2026-06-15T06:00:00Z"
        both = (await window.control.ask("/api/v1/intervals?every=1h&compare=previous")).json
        assert len(both["items"]) == len(rows)
        assert both["previous"]["items"][0]["from"] < both["items"][0]["from"]
        many = await window.control.ask("/api/v1/intervals?every=15m&since=1990-01-01T00:00:00Z")
        assert many.status == 422
        assert "intervals" in many.json["error"]


async def test_what_is_wrong_is_named_and_not_said_back(tmp_path: Path) -> None:
    async with served(tmp_path) as window:
        for path, word in (
            ("/api/v1/readings?limit=0", "limit"),
            ("/api/v1/readings?since=yesterday", "since"),
            ("/api/v1/readings?since=2026-01-01T00:00:00", "since"),
            ("/api/v1/readings?cursor=!!", "cursor"),
            ("/api/v1/readings?device=%3Cscript%3E", "device"),
            ("/api/v1/history?series=x", "series"),
            ("/api/v1/live?topics=%3Cb%3E", "topics"),
        ):
            answer = await window.control.ask(path)
            assert answer.status == 422, path
            assert word in answer.json["error"], answer.json
        gone = await window.control.ask("/api/v1/%3Cscript%3E")
        assert (gone.status, gone.json) == (404, {"error": "there is nothing here"})
        wrong = await window.control.ask(
            "/api/v1/site", "DELETE", headers={**CHANGES, "Content-Length": "0"}
        )
        assert (wrong.status, wrong.headers["Allow"]) == (405, "GET")


async def test_long_answers_come_zipped_to_who_takes_them(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path) as window:
        window.control.session._auto_decompress = False
        path = "/api/v1/quantities"
        zipped = await window.control.session.get(window.control.where + path)
        body = await zipped.read()
        assert zipped.headers["Content-Encoding"] == "gzip"
        plain = await window.control.ask(path, headers={"Accept-Encoding": "identity"})
        assert json.loads(gzip.decompress(body)) == plain.json


async def test_health_walks_the_chain_of_each_station(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path) as window:
        health = (await window.control.ask("/api/v1/health")).json
        assert {each["chain"] for each in health["checks"]} == {
            "mitmeter",
            "battery: trap alphaess",
        }
        assert health["store"]["readings"] >= 100
        assert health["journal"]["segments"] == 1
        assert health["memory_bytes"] > 10_000_000
        assert health["written_per_day_bytes"] is None
        metrics = await window.control.ask("/metrics")
        assert b'quantity="battery.soc"' in metrics.body
