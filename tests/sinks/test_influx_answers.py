"""What the servers document as answers, and whose fault each makes it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from mitmeter.sinks.influx_answers import retry_after, understand
from mitmeter.sinks.sink import Accepted, Later, Outcome, Refused

KEPT = [0, 1, 3, 4]


def answer(status: int, body: object = b"", **headers: str) -> Outcome:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return understand(status, named, raw, KEPT, skipped=1)


@pytest.mark.parametrize("status", [200, 204])
def test_a_confirmed_batch_is_accepted_with_what_was_left_out(status: int) -> None:
    assert answer(status) == Accepted(1)


def test_version_1_does_not_say_which_rows_it_dropped() -> None:
    error = (
        'partial write: field type conflict: input field "value_w" on measurement "power" is type'
        " float, already exists as type integer dropped=1"
    )
    found = answer(400, {"error": error})
    assert isinstance(found, Refused)
    assert "field type conflict" in found.reason


def test_rows_older_than_the_server_keeps_are_skipped_not_refused() -> None:
    error = "partial write: points beyond retention policy dropped=3"
    assert answer(400, {"error": error}) == Accepted(4)
    message = "failure writing points to database: partial write: points beyond retention policy"
    found = answer(422, {"code": "unprocessable entity", "message": f"{message} dropped=4"})
    assert found == Accepted(5)


def test_version_2_refuses_malformed_lines() -> None:
    body = {"code": "invalid", "message": "unable to parse 'x': missing fields", "line": 2}
    assert isinstance(answer(400, body), Refused)


def test_version_3_names_the_lines_it_left_out() -> None:
    body = {
        "error": "partial write of line protocol occurred",
        "data": [
            {"original_line": "x", "line_number": 3, "error_message": "invalid column type"},
            {"original_line": "y", "line_number": 1, "error_message": "no fields"},
        ],
    }
    assert answer(400, body) == Accepted(1, {3: "invalid column type", 0: "no fields"})


@pytest.mark.parametrize(
    "body",
    [
        {"error": "parsing failed for write_lp endpoint", "data": {"line_number": 1}},
        {"error": "partial write of line protocol occurred", "data": []},
        {"error": "partial write of line protocol occurred", "data": [{"line_number": 99}]},
        {"error": "partial write of line protocol occurred", "data": [{"line_number": "1"}]},
        {"error": "partial write …", "data": [{"line_number": 1}] * 100},
        ["partial write"],
        b"\xff not JSON",
        b"",
    ],
)
def test_an_answer_that_does_not_say_everything_has_the_batch_taken_apart(body: object) -> None:
    assert isinstance(answer(400, body), Refused)


def test_too_much_at_once_is_taken_apart() -> None:
    assert isinstance(answer(413), Refused)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"code": "unauthorized", "message": "unauthorized access"}),
        (403, b""),
        (404, {"error": 'database not found: "home"'}),
        (400, {"error": "database is required"}),
        (404, {"code": "not found", "message": 'bucket "home" not found'}),
        (500, b"oops"),
        (503, b""),
        (301, b""),
        (400, b"cannot ungzip the request"),
    ],
)
def test_what_the_destination_lacks_is_waited_for(status: int, body: object) -> None:
    found = answer(status, body)
    assert isinstance(found, Later)
    assert str(status) in found.reason


def test_a_busy_server_says_how_long_to_wait() -> None:
    assert answer(429, b"", Retry_After="30") == Later("HTTP 429", 30.0)
    found = answer(503, b"busy", retry_after="x")
    assert found == Later("HTTP 503: busy", None)


def test_a_date_to_come_back_at_is_understood() -> None:
    now = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
    headers = {"Retry-After": "Fri, 20 Nov 2026 10:01:30 GMT"}
    assert retry_after(headers, now) == 90.0
    assert retry_after({"Retry-After": "Fri, 20 Nov 2026 09:00:00 GMT"}, now) == 0.0
    assert retry_after({"Retry-After": "-5"}, now) is None
    assert retry_after({}, now) is None


def test_a_servers_words_cannot_upset_a_terminal() -> None:
    found = answer(500, b"\x1b[31mred\x00" + b"x" * 9999)
    assert isinstance(found, Later)
    assert "\x1b" not in found.reason
    assert len(found.reason) < 2100
