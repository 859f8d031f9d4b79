"""A rate limit that names no usable time backs off, on every platform."""

from types import ModuleType
from typing import Any

import pytest

from social_metrics.extract.platforms import facebook, instagram, threads, tiktok, youtube
from tests.support.local_platform import NOW, Answer
from tests.support.refusals import (
    A_MINUTE,
    LIMITED,
    MINIMUM_BACK_OFF,
    google,
    meta,
    read_two,
    tiktok_error,
)


@pytest.mark.parametrize(
    ("platform", "status", "body"),
    [
        (youtube, 403, google(403, "userRateLimitExceeded")),
        (youtube, 429, google(429, "rateLimitExceeded", A_MINUTE, status="RESOURCE_EXHAUSTED")),
        (tiktok, 429, tiktok_error("rate_limit_exceeded")),
        (facebook, 400, meta(4, "(#4) Application request limit reached")),
        (instagram, 400, meta(4, "(#4) Application request limit reached")),
        (threads, 400, meta(4, "(#4) Application request limit reached")),
    ],
)
@pytest.mark.parametrize("asked", [None, "0", "soon", "Fri, 20 Nov 2026 12:00:00 GMT"])
def test_a_rate_limit_without_a_usable_end_backs_off(
    platform: ModuleType, status: int, body: Any, asked: str | None
) -> None:
    failures, used = read_two(platform, Answer(body, status, {"Retry-After": asked} if asked else {}))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(LIMITED, True)}
    assert failures[0].retry_at == NOW + MINIMUM_BACK_OFF
    assert (len(used.recorder.responses), used.waits) == (1, [])
