"""Writes to InfluxDB over real connections: paths, credentials, gzip, refusals, silence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mitmeter.model import Secret
from mitmeter.sinks.influx import Dialect, InfluxPlan, InfluxSink
from mitmeter.sinks.status import State
from mitmeter.store import Batch, Store
from tests.sinks.sinkkit import forward, make_store, moments, reading, until, until_status
from tests.sinks.write_server import Answer, Request, write_server

TOKEN = Secret("example-token")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with make_store(tmp_path / "store.db", 20) as made:
        yield made


@pytest.mark.parametrize(
    ("plan", "target", "authorization"),
    [
        (
            InfluxPlan("", Dialect.V1, database="home", user="me", password=Secret("pass word")),
            "/write?db=home&precision=ns",
            "Basic bWU6cGFzcyB3b3Jk",
        ),
        (
            InfluxPlan("", Dialect.V1, database="home", retention_policy="week"),
            "/write?db=home&rp=week&precision=ns",
            None,
        ),
        (
            InfluxPlan("", Dialect.V2, database="home", org="our house", token=TOKEN),
            "/api/v2/write?org=our+house&bucket=home&precision=ns",
            "Token example-token",
        ),
        (
            InfluxPlan("", Dialect.V3, database="home", token=TOKEN),
            "/api/v3/write_lp?db=home&precision=nanosecond&accept_partial=true",
            "Bearer example-token",
        ),
        (InfluxPlan("", Dialect.VICTORIA), "/write?precision=ns", None),
    ],
)
@pytest.mark.usefixtures("store")
async def test_each_dialect_has_its_path_and_credentials(
    tmp_path: Path, plan: InfluxPlan, target: str, authorization: str | None
) -> None:
    async with write_server() as server:
        forwarder = forward(tmp_path, InfluxSink(replace(plan, url=server.url + "/")))
        forwarder.start()
        await until_status(forwarder, tmp_path, lambda each: each.sent == 20)
        await forwarder.stop()
    (request,) = server.requests
    assert request.target == target
    assert request.headers.get("authorization") == authorization
    assert request.headers["content-encoding"] == "gzip"
    assert len(request.lines) == 20
    assert request.lines[1].endswith(" value_percent=0.1 1748779210000000000")


@pytest.mark.usefixtures("store")
async def test_without_gzip_the_lines_are_sent_as_they_are(tmp_path: Path) -> None:
    async with write_server() as server:
        plan = InfluxPlan(server.url, Dialect.V1, database="home", gzip=False)
        forwarder = forward(tmp_path, InfluxSink(plan))
        forwarder.start()
        await until_status(forwarder, tmp_path, lambda each: each.sent == 20)
        await forwarder.stop()
    (request,) = server.requests
    assert "content-encoding" not in request.headers
    assert len(request.lines) == 20


@pytest.mark.usefixtures("store")
async def test_version_1_keeps_the_good_rows_and_the_bad_one_is_found_by_halving(
    tmp_path: Path,
) -> None:
    held: set[str] = set()

    def decide(request: Request) -> Answer:
        bad = [line for line in request.lines if "=0.7 " in line]
        held.update(line for line in request.lines if line not in bad)
        error = f"partial write: field type conflict: is integer dropped={len(bad)}"
        return Answer(400, json.dumps({"error": error})) if bad else Answer()

    async with write_server(decide) as server:
        plan = InfluxPlan(server.url, Dialect.V1, database="home")
        forwarder = forward(tmp_path, InfluxSink(plan))
        forwarder.start()
        status = await until_status(forwarder, tmp_path, lambda each: each.dead == 1)
        await forwarder.stop()
    assert (status.sent, status.refused) == (19, 1)
    assert len(held) == 19


@pytest.mark.usefixtures("store")
async def test_version_3_names_the_bad_rows_so_one_request_is_enough(tmp_path: Path) -> None:
    def decide(request: Request) -> Answer:
        bad = [
            {"line_number": number, "original_line": line, "error_message": "invalid column type"}
            for number, line in enumerate(request.lines, 1)
            if "=0.7 " in line
        ]
        said = {"error": "partial write of line protocol occurred", "data": bad}
        return Answer(400, json.dumps(said)) if bad else Answer()

    async with write_server(decide) as server:
        forwarder = forward(tmp_path, InfluxSink(InfluxPlan(server.url, Dialect.V3, database="h")))
        forwarder.start()
        status = await until_status(forwarder, tmp_path, lambda each: each.dead == 1)
        await forwarder.stop()
    assert (status.sent, len(server.requests)) == (19, 1)


@pytest.mark.usefixtures("store")
async def test_a_wrong_token_loses_nothing_and_says_so(tmp_path: Path) -> None:
    is_right = False

    def decide(request: Request) -> Answer:
        said = '{"code":"unauthorized","message":"unauthorized access"}'
        return Answer() if is_right else Answer(401, said)

    async with write_server(decide) as server:
        forwarder = forward(tmp_path, InfluxSink(InfluxPlan(server.url, Dialect.V2, token=TOKEN)))
        forwarder.start()
        status = await until_status(forwarder, tmp_path, lambda each: each.state == State.WAITING)
        assert "HTTP 401" in status.reason
        assert "example-token" not in status.reason
        is_right = True
        status = await until_status(forwarder, tmp_path, lambda each: each.sent == 20)
        await forwarder.stop()
    assert status.dead == 0


@pytest.mark.usefixtures("store")
async def test_a_server_that_accepts_and_never_answers_is_given_up_and_tried_again(
    tmp_path: Path,
) -> None:
    answers = [Answer(-1), Answer(0), Answer()]
    async with write_server(lambda request: answers.pop(0)) as server:
        plan = InfluxPlan(server.url, Dialect.V1, database="home", timeout=0.2)
        forwarder = forward(tmp_path, InfluxSink(plan))
        forwarder.start()
        status = await until_status(forwarder, tmp_path, lambda each: each.state == State.WAITING)
        assert status.reason.endswith("no answer within 0.2 s")
        await until_status(forwarder, tmp_path, lambda each: each.sent == 20)
        await forwarder.stop()
    bodies = {request.body for request in server.requests}
    assert (len(server.requests), len(bodies)) == (3, 1)


async def test_rows_without_a_place_are_counted_as_skipped(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        found = [reading(0), reading(1, "idle", "vendor.alphaess.Mode")]
        store.apply(Batch("", moments=moments(found)))
        async with write_server() as server:
            forwarder = forward(tmp_path, InfluxSink(InfluxPlan(server.url, Dialect.VICTORIA)))
            forwarder.start()
            status = await until_status(forwarder, tmp_path, lambda each: each.state == "live")
            await forwarder.stop()
    assert (status.sent, status.skipped, status.behind) == (1, 1, 0)


async def test_one_connection_serves_many_batches(tmp_path: Path, store: Store) -> None:
    async with write_server() as server:
        forwarder = forward(tmp_path, InfluxSink(InfluxPlan(server.url, Dialect.V1, database="h")))
        forwarder.start()
        for number in range(20, 25):
            await until(lambda n=number: len(server.requests) == n - 19)  # type: ignore[misc]  # bound at once
            store.apply(Batch("", moments=moments([reading(number)])))
        await until(lambda: len(server.requests) == 6)
        await forwarder.stop()
    assert server.connections == 1


async def test_a_port_nobody_listens_on_is_told_in_words(tmp_path: Path, store: Store) -> None:
    async with write_server() as server:
        url = server.url
    forwarder = forward(tmp_path, InfluxSink(InfluxPlan(url, Dialect.V1, database="home")))
    forwarder.start()
    status = await until_status(forwarder, tmp_path, lambda each: each.state == State.WAITING)
    await forwarder.stop()
    assert status.reason.startswith(f"{url}/write: ")
    assert "('127.0.0.1'" in status.reason or status.reason.endswith("Connection refused")
