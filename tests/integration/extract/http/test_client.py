"""The client: few tries, honest waits, a budget that holds, a record of every response; the requests are real."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from social_metrics.contract import Outcome, Source
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.extracted import CaptureFailure
from social_metrics.extract.http.client import ApiClient, Recorder
from social_metrics.extract.http.redaction import HIDDEN, sha256
from social_metrics.extract.http.replies import Cost, Refusal, Reply, retry_after
from social_metrics.registry.account import Account
from tests.support.local_platform import NOW, SECRET, SOME_RULES, Answer, Bench, FixedClock, account, bench, serve

EXPECTED = Cost(calls=1, quota_units=5, usd=Decimal("0.500"))
KARTINI = account("kartini", "some")


def ask(answers: list[Answer], **options: Any) -> tuple[Reply | CaptureFailure, Bench]:
    """One GET of /things, answered in this order."""
    with serve({"/things": answers}) as server:
        asked = bench(SOME_RULES, server.base_url, **options)
        try:
            return asked.client.get("things", "/v1/things", {"ids": "1,2"}, expected=EXPECTED), asked
        except CaptureFailure as failure:
            return failure, asked


def failed(answers: list[Answer], **options: Any) -> tuple[CaptureFailure, Bench]:
    result, asked = ask(answers, **options)
    assert isinstance(result, CaptureFailure), result
    return result, asked


# ------------------------------------------------------------------ evidence of every response


def test_a_reply_is_parsed_for_use_and_stripped_for_evidence() -> None:
    body = b'{"items": [{"count": 3, "name": "Siti"}], "count": 1}'
    reply, asked = ask([Answer(body)])
    assert isinstance(reply, Reply)
    assert reply.member("items", 0, "name") == "Siti"
    assert (reply.member("items", 7, "name"), reply.member("count", "x"), reply.member("items", "x")) == (None,) * 3
    (response,), (kept,) = asked.recorder.responses, asked.recorder.bodies
    assert kept.body == b'{"items":[{"count":3}],"count":1}'
    assert (response.received_sha256, response.received_bytes) == (sha256(body), len(body))
    assert response.kept_sha256 == sha256(kept.body)
    assert response.stripped == {"name": 1}
    assert response.parameters == {"path": "/v1/things", "ids": "1,2"}  # the credential is not even there
    assert (response.endpoint, response.method, response.http_status, response.attempt) == ("things", "GET", 200, 1)
    assert (response.api_version, response.run_id, response.source) == ("v1", "test-run", Source.API)
    assert (response.received_at, response.expires_at) == (NOW, NOW + timedelta(days=30))
    assert (kept.received_at, kept.expires_at) == (NOW, NOW + timedelta(days=30))
    assert response.response_id == kept.response_id == reply.response_id
    assert SECRET not in f"{asked.recorder}"


def test_the_connection_may_name_another_version() -> None:
    _, asked = ask([Answer({})], extra={"api_version": "v9"})
    assert asked.client.api_version == asked.recorder.responses[0].api_version == "v9"


def test_a_form_is_sent_and_its_secrets_are_hidden() -> None:
    with serve({"/token": [Answer({"error": "client_secret s3cr3t-form-value is wrong"})]}) as server:
        asked = bench(SOME_RULES, server.base_url)
        with pytest.raises(CaptureFailure) as raised:
            asked.client.call(
                "POST", "token", "/token", form={"client_secret": "s3cr3t-form-value", "grant": "x"}, authorized=False
            )
    (request,) = server.requests
    assert request.method == "POST"
    assert request.parameters == {"client_secret": "s3cr3t-form-value", "grant": "x"}
    assert "Authorization" not in request.headers
    assert asked.recorder.responses[0].parameters == {"path": "/token", "client_secret": HIDDEN, "grant": "x"}
    assert "s3cr3t-form-value" not in f"{asked.recorder} {raised.value} {raised.value.detail}"


def test_a_json_body_is_sent_and_recorded() -> None:
    with serve({"/list": [Answer({})]}) as server:
        asked = bench(SOME_RULES, server.base_url)
        asked.client.call("POST", "list", "/list", params={"fields": "id"}, json_body={"max_count": 20})
    assert server.requests[0].body == b'{"max_count": 20}'
    assert asked.recorder.responses[0].parameters == {"path": "/list", "fields": "id", "max_count": "20"}


def test_an_account_s_own_token_is_used_and_hidden() -> None:
    class Tokens:
        def access_token(self, account: Account) -> str:
            return f"token-of-{account.account_code}"

        def replace_token(self, refused: str, account: Account) -> str:
            return self.access_token(account)

    with serve({"/me": [Answer({"error": "token-of-kartini-some has expired"})]}) as server:
        asked = bench(SOME_RULES, server.base_url, tokens=Tokens())
        with pytest.raises(CaptureFailure) as raised:
            asked.client.get("me", "/me", {}, account=KARTINI)
    assert server.requests[0].headers["Authorization"] == "Bearer token-of-kartini-some"
    assert raised.value.detail == "said: [hidden] has expired"
    assert b"token-of" not in asked.recorder.bodies[0].body


def test_a_credential_that_fits_no_header_is_told_in_words() -> None:
    class Tokens:
        def access_token(self, account: Account) -> str:
            return "pasted ’token’"

        def replace_token(self, refused: str, account: Account) -> str:
            return self.access_token(account)

    with serve({}) as server:
        asked = bench(SOME_RULES, server.base_url, tokens=Tokens())
        with pytest.raises(CaptureFailure, match="not allowed in an HTTP header") as raised:
            asked.client.get("me", "/me", {}, account=KARTINI)
    assert (raised.value.outcome, raised.value.for_all) == (Outcome.TOKEN_EXPIRED, False), "the others have their own"
    assert "pasted" not in str(raised.value)
    assert [cost.calls for cost in asked.meter.settled] == [0, 0], "what was set aside is given back, also by a renewal"


# ------------------------------------------------------------------ tries and waits


def test_a_temporary_failure_is_tried_again_and_every_try_is_evidence() -> None:
    reply, asked = ask([Answer(b"oops", 500), Answer(b"", 503), Answer({"count": 1})])
    assert isinstance(reply, Reply)
    assert [(one.attempt, one.http_status) for one in asked.recorder.responses] == [(1, 500), (2, 503), (3, 200)]
    first, second = asked.waits
    assert 0.4 <= first <= 0.6
    assert 0.8 <= second <= 1.2


def test_tries_end_and_the_last_response_decides() -> None:
    failure, asked = failed([Answer(b"a", 500), Answer(b"b", 502), Answer(b"c", 504), Answer({})])
    assert (failure.outcome, failure.for_all, failure.retry_at) == (Outcome.PLATFORM_UNAVAILABLE, False, None)
    assert failure.response_id == asked.recorder.responses[2].response_id
    assert len(asked.recorder.responses) == 3
    assert len(asked.waits) == 2


@pytest.mark.parametrize(
    ("answer", "outcome", "for_all", "tries"),
    [
        (Answer({"count": 1}, 401), Outcome.PLATFORM_UNAVAILABLE, False, 1),
        (Answer(b"<html>", 403), Outcome.PLATFORM_UNAVAILABLE, False, 1),
        (Answer({}, 404), Outcome.INVALID_RESPONSE, False, 1),
        (Answer(b"<html>", 404), Outcome.INVALID_RESPONSE, False, 1),
        (Answer({}, 400), Outcome.INVALID_RESPONSE, False, 1),
        (Answer(b"", 302, {"Location": "/elsewhere"}), Outcome.INVALID_RESPONSE, False, 1),
        (Answer(b"", 429), Outcome.RATE_LIMITED, False, 1),
        (Answer(b"<html>", 200), Outcome.INVALID_RESPONSE, False, 3),
        (Answer(b'{"count": 1', 200), Outcome.INVALID_RESPONSE, False, 3),
        (Answer(b"null", 200), Outcome.INVALID_RESPONSE, False, 3),
        (Answer(b"7", 200), Outcome.INVALID_RESPONSE, False, 3),
        (Answer(b"[" * 100_000, 200), Outcome.INVALID_RESPONSE, False, 3),
        (Answer({"error": "gone"}, 200), Outcome.CONSENT_REVOKED, True, 1),
        (Answer({"error": "gone"}, 500), Outcome.CONSENT_REVOKED, True, 1),  # the platform's own word goes first
    ],
)
def test_what_a_response_means(answer: Answer, outcome: Outcome, for_all: bool, tries: int) -> None:
    failure, asked = failed([answer])
    assert (failure.outcome, failure.for_all) == (outcome, for_all)
    assert len(asked.recorder.responses) == len(asked.recorder.bodies) == tries


def test_a_short_retry_after_is_waited_for_and_a_long_one_is_told() -> None:
    reply, asked = ask([Answer({}, 429, {"Retry-After": "12"}), Answer({})])
    assert isinstance(reply, Reply)
    assert asked.waits == [12.0]
    failure, asked = failed([Answer({}, 503, {"Retry-After": "3600"}), Answer({})])
    assert failure.retry_at == NOW + timedelta(hours=1)
    assert asked.waits == []
    assert len(asked.recorder.responses) == 1


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("0", timedelta(0)),
        (" 120 ", timedelta(minutes=2)),
        ("99999999999", timedelta(days=7)),
        ("9" * 5000, None),
        ("²", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("Fri, 20 Nov 2026 13:10:00 GMT", timedelta(minutes=10)),
        ("Fri, 20 Nov 2026 20:10:00 +0700", timedelta(minutes=10)),
        ("Fri, 20 Nov 2026 12:00:00 GMT", timedelta(0)),
        ("Fri, 20 Nov 2026 13:10:00 -0000", timedelta(minutes=10)),
        ("Fri, 99 Nov 2026 13:10:00 GMT", None),
    ],
)
def test_retry_after_in_either_form(value: str, wait: timedelta | None) -> None:
    assert retry_after({"Retry-After": value}, NOW) == wait


@given(st.text(max_size=40))
def test_no_retry_after_ends_in_a_traceback(value: str) -> None:
    wait = retry_after({"Retry-After": value}, NOW)
    assert wait is None or wait >= timedelta(0)


# ------------------------------------------------------------------ no answer


@contextmanager
def a_server_that(answer: bytes, *, hang: bool = False) -> Iterator[str]:
    """Accepts, reads a request, sends these bytes and closes the connection, or holds it open."""
    listening = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def run() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
                if hang:
                    done.wait(10)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        done.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


CUT_OFF = b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\nContent-Type: application/json\r\n\r\n{"items":['


@pytest.mark.parametrize(
    ("answer", "hang", "words"),
    [(CUT_OFF, False, "ProtocolError"), (b"", False, "ProtocolError"), (b"", True, "ReadTimeoutError")],
)
def test_an_answer_that_never_came_whole_counts_as_the_most_it_may_have_cost(
    answer: bytes, hang: bool, words: str
) -> None:
    with a_server_that(answer, hang=hang) as base_url:
        asked = bench(SOME_RULES, base_url, timeout_seconds=0.3, attempts=2)
        with pytest.raises(CaptureFailure, match=words) as raised:
            asked.client.get("things", "/things", {}, expected=EXPECTED)
    assert (raised.value.outcome, raised.value.response_id) == (Outcome.PLATFORM_UNAVAILABLE, None)
    assert asked.recorder.responses == []
    assert asked.meter.settled == [EXPECTED, EXPECTED]
    assert [(one.calls, one.quota_units, one.usd) for one in asked.recorder.spends] == [(1, 5, Decimal("0.500"))] * 2


def test_a_platform_that_cannot_be_reached_costs_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    asked = bench(SOME_RULES, f"http://127.0.0.1:{port}")
    with pytest.raises(CaptureFailure, match="no response from the platform") as raised:
        asked.client.get("things", "/things", {}, expected=EXPECTED)
    assert raised.value.outcome is Outcome.PLATFORM_UNAVAILABLE
    assert str(port) not in raised.value.detail
    assert asked.meter.settled == [Cost()] * 3
    assert len(asked.waits) == 2


# ------------------------------------------------------------------ budget


class SmallMeter:
    """A budget for so many calls."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def reserve(self, expected: Cost) -> None:
        if self.left <= 0:
            raise CaptureFailure(Outcome.BUDGET_EXHAUSTED, "spent", for_all=True)
        self.left -= 1

    def settle(self, expected: Cost, actual: Cost) -> None:
        """What was set aside is spent."""


def test_the_budget_is_asked_before_every_try() -> None:
    with serve({"/things": [Answer(b"", 500)]}) as server:
        connection = PlatformConnection("some", server.base_url, None, SECRET)
        recorder = Recorder("run", 1, Source.API, None)
        client = ApiClient(SOME_RULES, connection, FixedClock(), recorder, SmallMeter(2), wait=lambda _seconds: None)
        with pytest.raises(CaptureFailure) as raised:
            client.get("things", "/things", {})
    assert raised.value.outcome is Outcome.BUDGET_EXHAUSTED
    assert len(server.requests) == len(recorder.responses) == 2
    assert recorder.responses[0].expires_at is None


def test_what_was_set_aside_is_replaced_by_what_it_cost() -> None:
    _, asked = ask([Answer(b"", 500), Answer({"items": [1, 2, 3]})], extra={"credential_name": "key-2"})
    assert asked.meter.reserved == [EXPECTED, EXPECTED]
    assert [cost.usd for cost in asked.meter.settled] == [0, Decimal("0.03")]
    spends = asked.recorder.spends
    assert [(one.calls, one.quota_units, one.usd) for one in spends] == [(1, 1, 0), (1, 1, Decimal("0.03"))]
    assert {(one.credential, one.endpoint, one.platform) for one in spends} == {("key-2", "things", "some")}
    assert [one.response_id for one in spends] == [one.response_id for one in asked.recorder.responses]


def test_several_threads_share_one_client() -> None:
    with serve({"/things": [Answer({"count": 1})]}) as server:
        asked = bench(SOME_RULES, server.base_url)
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: asked.client.get("things", "/things", {}), range(40)))
    assert len({reply.response_id for reply in replies}) == len(asked.recorder.responses) == len(server.requests) == 40


# ------------------------------------------------------------------ words


def test_words_of_a_refusal_are_fit_for_storing() -> None:
    failure, _ = failed([Answer({"error": f"{SECRET} \x00 " + "x" * 900})])
    assert failure.detail.startswith("said: [hidden] � xxx")
    assert len(failure.detail) == 500


def test_retry_at_is_reckoned_from_the_reply() -> None:
    wait = timedelta(hours=11)
    rules = replace(SOME_RULES, refusal=lambda _reply, _now: Refusal(Outcome.QUOTA_EXHAUSTED, "gone", retry_after=wait))
    with serve({"/things": [Answer({})]}) as server:
        asked = bench(rules, server.base_url)
        with pytest.raises(CaptureFailure) as raised:
            asked.client.get("things", "/things", {})
    assert raised.value.retry_at == datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
