"""What Meta's errors mean: decided by numbers, whatever the language of the words or the HTTP status."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from social_metrics.contract import Outcome
from social_metrics.extract import meta_graph
from social_metrics.extract.http.json_values import MalformedValueError
from social_metrics.extract.http.replies import Refusal, Reply

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)


def refused(error: Any, status: int = 400, headers: dict[str, str] | None = None) -> Refusal | None:
    reply = Reply("page", status, headers or {}, {"error": error}, uuid4(), NOW)
    return meta_graph.refusal(reply, NOW)


@pytest.mark.parametrize(
    ("code", "subcode", "outcome", "for_all"),
    [
        (190, None, Outcome.TOKEN_EXPIRED, True),
        (190, 463, Outcome.TOKEN_EXPIRED, True),
        (190, 467, Outcome.TOKEN_EXPIRED, True),
        (104, None, Outcome.TOKEN_EXPIRED, True),
        (190, 458, Outcome.TOKEN_EXPIRED, True),
        (190, 460, Outcome.TOKEN_EXPIRED, True),
        (3, None, Outcome.PERMISSION_MISSING, True),
        (10, None, Outcome.PERMISSION_MISSING, False),
        (200, None, Outcome.PERMISSION_MISSING, False),
        (283, None, Outcome.PERMISSION_MISSING, False),
        (299, None, Outcome.PERMISSION_MISSING, False),
        (368, None, Outcome.PERMISSION_MISSING, True),
        (100, 33, Outcome.ACCOUNT_NOT_FOUND, False),
        (803, None, Outcome.ACCOUNT_NOT_FOUND, False),
        (21, None, Outcome.IDENTITY_MISMATCH, False),
        (4, None, Outcome.RATE_LIMITED, True),
        (17, 2446079, Outcome.RATE_LIMITED, True),
        (613, None, Outcome.RATE_LIMITED, True),
        (32, None, Outcome.RATE_LIMITED, False),
        (80001, None, Outcome.RATE_LIMITED, False),
        (80002, None, Outcome.RATE_LIMITED, True),
        (1, None, Outcome.PLATFORM_UNAVAILABLE, False),
        (2, None, Outcome.PLATFORM_UNAVAILABLE, False),
        (100, None, Outcome.INVALID_RESPONSE, False),
        (3001, 1504028, Outcome.INVALID_RESPONSE, False),
        (2500, None, Outcome.INVALID_RESPONSE, False),
        (300, None, Outcome.INVALID_RESPONSE, False),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 403])
def test_outcome_of_a_code(code: int, subcode: int | None, outcome: Outcome, for_all: bool, status: int) -> None:
    refusal = refused({"code": code, "error_subcode": subcode, "message": "Pesan dalam bahasa apa pun"}, status)
    assert refusal is not None
    assert (refusal.outcome, refusal.for_all) == (outcome, for_all)
    assert str(code) in refusal.detail
    assert "Pesan" in refusal.detail


def test_a_rate_limit_marked_transient_is_still_a_rate_limit() -> None:
    refusal = refused({"code": 4, "is_transient": True})
    assert refusal is not None
    assert (refusal.outcome, refusal.transient) == (Outcome.RATE_LIMITED, True)


def test_an_unknown_code_marked_transient_is_worth_another_try() -> None:
    refusal = refused({"code": 1234567, "is_transient": True})
    assert refusal is not None
    assert (refusal.outcome, refusal.transient) == (Outcome.PLATFORM_UNAVAILABLE, True)


def test_code_100_without_a_subcode_is_read_from_its_untranslated_message() -> None:
    said = {
        "(#100) Pages Public Content Access requires either app secret proof or an app token": Outcome.TOKEN_EXPIRED,
        "(#100) Object does not exist, cannot be loaded due to missing permission or reviewable feature": (
            Outcome.PERMISSION_MISSING
        ),
        "(#100) Requires a permission": Outcome.PERMISSION_MISSING,
        "(#100) Tried accessing nonexisting field (followers_count) on node type (Page)": Outcome.INVALID_RESPONSE,
    }
    for message, outcome in said.items():
        refusal = refused({"code": 100, "message": message})
        assert refusal is not None
        assert refusal.outcome is outcome, message


def usage(*minutes: Any) -> str:
    return json.dumps({"112": [{"type": "pages", "estimated_time_to_regain_access": wait} for wait in minutes]})


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X-Business-Use-Case-Usage": usage(0, 5, 2)}, timedelta(minutes=5)),
        ({"X-Business-Use-Case-Usage": usage(5), "Retry-After": "600"}, timedelta(minutes=10)),
        ({"Retry-After": "30"}, timedelta(seconds=30)),
        ({"X-Business-Use-Case-Usage": usage(0), "X-App-Usage": '{"call_count":100}'}, None),
        ({"X-Business-Use-Case-Usage": usage("abc", None, -3, [])}, None),
        ({"X-Business-Use-Case-Usage": usage(10**12)}, timedelta(days=7)),
        ({"X-Business-Use-Case-Usage": "{"}, None),
        ({"X-Business-Use-Case-Usage": '{"112": {"a": 1}}'}, None),
        ({"X-Business-Use-Case-Usage": "[1]"}, None),
        ({}, None),
    ],
)
def test_how_long_meta_asks_to_wait(headers: dict[str, str], wait: timedelta | None) -> None:
    refusal = refused({"code": 80001}, headers=headers)
    assert refusal is not None
    assert refusal.retry_after == wait


@pytest.mark.parametrize("error", ["words", ["words"], 7])
def test_an_error_without_form(error: Any) -> None:
    inside = refused(error, 200)
    assert inside is not None
    assert inside.outcome is Outcome.INVALID_RESPONSE
    assert refused(error, 503) is None  # the status says more


@pytest.mark.parametrize("code", [None, True, "abc", {}, 10**30])
def test_an_error_without_a_readable_code(code: Any) -> None:
    refusal = refused({"code": code})
    assert refusal is not None
    assert refusal.outcome is Outcome.INVALID_RESPONSE
    down = refused({"code": code}, 500)
    assert down is not None
    assert down.outcome is Outcome.PLATFORM_UNAVAILABLE


def test_a_good_reply_is_no_refusal() -> None:
    for body in ({"id": "1"}, {"error": None}, [], {}):
        assert meta_graph.refusal(Reply("page", 200, {}, body, uuid4(), NOW), NOW) is None


@pytest.mark.parametrize(
    "edge",
    [
        {"paging": {"next": "https://graph.facebook.com/v26.0/1/posts?access_token=t"}},
        {"paging": {"next": "https://[broken/"}},
        {"paging": {"next": 7}},
        {"paging": []},
        {"paging": {"next": "https://graph.facebook.com/", "cursors": "after"}},
    ],
)
def test_a_next_page_that_nothing_leads_to(edge: dict[str, Any]) -> None:
    with pytest.raises(MalformedValueError):
        meta_graph.next_query(edge)


@pytest.mark.parametrize("edge", [{}, {"paging": {}}, {"paging": {"cursors": {"before": "a", "after": "b"}}}])
def test_a_cursor_alone_is_the_last_page(edge: dict[str, Any]) -> None:
    assert meta_graph.next_query(edge) is None
