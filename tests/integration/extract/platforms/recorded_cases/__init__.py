"""What each recorded payload must become: one table per platform, one row per file of its INDEX.md.

Each module here is named as its platform and holds `CASES: dict[str, Called | NotCalled]`, file name -> row.
`test_recorded.py` reads them all: a file of an INDEX.md without a row fails, and a row without a file.

A row says what is served, what is asked, and what must come out of it:

    "channels_list_two_ids.json": Called(
        answers={"/channels": [RECORDED]},        # end of path -> answers in order, the last repeats
        accounts=(account("a", "youtube", "UC…"),),
        profiles={"a-youtube": {"followers_count": 10_700_000, …}},   # attributes, or an Outcome
    )
    "user_tweets_page.json": Called(
        answers={"/tweets": [RECORDED, Answer({"meta": {"result_count": 0}})]},
        accounts=(account("a", "x", "2244994945"),),
        profile=ExtractedProfile(…),                          # given: `read_posts` is asked with it
        posts=[{"post_id": "…", …}, …],                     # attributes of each post in order, or an Outcome
    )
    "search_list_by_channel.json": NotCalled("search is never used for a channel's uploads"),
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import zip_longest
from types import ModuleType
from typing import Any
from uuid import UUID

from social_metrics.contract import FollowersState, Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile, ReadWindow
from social_metrics.extract.http.client import ApiClient
from social_metrics.registry.account import Account
from tests.support.local_platform import NOW, Answer

RECORDED = Answer(b"the recorded bytes stand here")
SOME_RESPONSE = UUID("00000000-0000-4000-8000-000000000001")
ALL_OF_IT = ReadWindow(since=datetime(2000, 1, 1, tzinfo=UTC))


def recorded(status: int = 200, wrap: Callable[[Any], Any] | None = None, **headers: str) -> Answer:
    """The recorded bytes under another status, or inside what surrounds them (`wrap` gets them parsed)."""
    return Answer(wrap if wrap else RECORDED.body, status, headers)


@dataclass(frozen=True)
class Called:
    """A payload of an endpoint that we call. Exactly one of `profiles`, `posts`, `tokens` is expected."""

    answers: Mapping[str, Sequence[Answer]]
    accounts: tuple[Account, ...] = ()
    profiles: Mapping[str, Mapping[str, Any] | Outcome] | None = None
    posts: Sequence[Mapping[str, Any]] | Outcome | None = None
    tokens: Mapping[str, Any] | Outcome | None = None
    profile: ExtractedProfile | None = None
    window: ReadWindow = ALL_OF_IT
    listing: Mapping[str, Any] = field(default_factory=dict)  # of the PostListing itself, e.g. gone
    login: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    owners: Any = None  # each account's own token, where it has one
    load: Callable[[bytes], bytes] = bytes  # takes the body out of a cassette


@dataclass(frozen=True)
class NotCalled:
    """A payload of an endpoint that we do not call, with the reason."""

    reason: str


def some_profile(account_id: str, handle: str | None = None, **context: Any) -> ExtractedProfile:
    """A profile as `read_profiles` would have given it, for rows that ask for posts."""
    return ExtractedProfile(
        account_id, handle, 1, 1, FollowersState.REPORTED, SOME_RESPONSE, NOW, "test.v1", context=context
    )


def answered(case: Called, file: bytes) -> dict[str, list[Answer]]:
    """The row's answers with the recorded bytes in their places."""
    body = case.load(file)

    def filled(answer: Answer) -> Answer:
        if answer.body is RECORDED.body:
            return replace(answer, body=body)
        return replace(answer, body=answer.body(json.loads(body))) if callable(answer.body) else answer

    return {end: [filled(answer) for answer in given] for end, given in case.answers.items()}


def read(platform: ModuleType, client: ApiClient, case: Called) -> Any:
    """Ask the platform file what the row asks; the answer in the row's own terms."""
    if case.profiles is not None:
        return _read_profiles(platform, client, case.accounts, case.profiles)
    try:
        if case.tokens is not None:
            return _attributes(platform.refresh(client, "a refresh token of the test"), case.tokens)
        listing = platform.read_posts(client, case.accounts[0], case.profile, case.window)
    except CaptureFailure as failure:
        return failure.outcome
    wanted = case.posts if isinstance(case.posts, Sequence) and not isinstance(case.posts, Outcome) else ()
    posts = [_attributes(post, names) for post, names in zip_longest(listing.posts, wanted)]
    return posts, _attributes(listing, case.listing)


def expected(case: Called) -> Any:
    """What `read` must return."""
    if case.profiles is not None:
        return case.profiles
    if case.tokens is not None:
        return case.tokens
    return case.posts if isinstance(case.posts, Outcome) else (case.posts, case.listing)


def _read_profiles(
    platform: ModuleType,
    client: ApiClient,
    accounts: Sequence[Account],
    wanted: Mapping[str, Mapping[str, Any] | Outcome],
) -> Any:
    try:
        readings = platform.read_profiles(client, accounts)
    except CaptureFailure as failure:
        return {account.account_code: failure.outcome for account in accounts}
    return {
        code: reading.outcome if isinstance(reading, CaptureFailure) else _attributes(reading, wanted[code])
        for code, reading in readings.items()
    }


def _attributes(reading: Any, wanted: Any) -> Any:
    """Of a reading only what the row speaks about; the whole where the row expects an outcome or nothing."""
    if isinstance(wanted, Mapping) and reading is not None:
        return {name: getattr(reading, name) for name in wanted}
    return reading


def utc(text: str) -> datetime:
    """A UTC instant, e.g. utc("2021-02-23T18:07:07")."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
