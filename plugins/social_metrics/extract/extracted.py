"""What a platform file yields: records extracted from the responses of its API.

A platform file knows its API and nothing else: neither the warehouse nor Airflow. `extract/records.py` turns extracted
records into the records of `contract.py`. Texts are fit for PostgreSQL (`json_values.text`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from social_metrics.contract import FollowersState, Outcome
from social_metrics.extract.http.redaction import clean_text


@dataclass(frozen=True, slots=True)
class ExtractedProfile:
    """An account's profile in one response; counts are None when the platform did not report them."""

    platform_account_id: str | None
    handle: str | None
    followers_count: int | None
    response_id: UUID
    received_at: datetime  # UTC instant
    metric_definition_id: str
    rounding_step: int = 1  # the platform rounded the followers down to a multiple of it; 1 = exact
    is_hidden: bool = False  # the owner hides the follower count
    following_count: int | None = None
    posts_count: int | None = None
    views_count: int | None = None
    # What the posts call of the same platform needs (an uploads playlist, a nested first page); opaque to others.
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def followers_state(self) -> FollowersState:
        """Why the follower count is there or not."""
        if self.is_hidden:
            return FollowersState.HIDDEN
        return FollowersState.NOT_AVAILABLE if self.followers_count is None else FollowersState.REPORTED

    @property
    def followers_precision_step(self) -> int | None:
        """The rounding step of the follower count, None without a count."""
        return None if self.followers_count is None else self.rounding_step


@dataclass(slots=True)  # not frozen: a frozen one takes three times as long to create, and an account has dozens
class ExtractedPost:
    """One post in one response; counts are None when hidden, switched off or not offered."""

    post_id: str
    published_at: datetime  # UTC instant
    post_type: str  # video, photo, text, carousel, reel, live, story, link, other
    url: str | None
    caption: str | None
    response_id: UUID
    received_at: datetime
    like_count: int | None = None
    comment_count: int | None = None
    share_count: int | None = None
    view_count: int | None = None


@dataclass(frozen=True, slots=True)
class ReadWindow:
    """How far back to read the posts of one account, and what the last believed listing left known."""

    since: datetime | None  # UTC instant; None reads back to the first page's end only when nothing is known
    newest_known_id: str | None = None
    reread_ids: tuple[str, ...] = ()  # known posts whose counts are due, for platforms that charge per post
    known_ids: tuple[str, ...] = ()  # known posts of the window, for platforms with `CHECKS_KNOWN_POSTS`
    listed_at: datetime | None = None  # the last believed listing
    posts_count_then: int | None = None  # the profile's own count of posts at that listing

    def new_posts(self, profile: ExtractedProfile) -> int | None:
        """By how much the profile's count rose since that listing; None when either count is unknown."""
        if profile.posts_count is None or self.posts_count_then is None or self.listed_at is None:
            return None
        return profile.posts_count - self.posts_count_then


@dataclass(frozen=True, slots=True)
class PostListing:
    """The posts of one account as one listing found them.

    `complete_since`: every public post published at or after this instant is in `posts`; None when the listing
    cannot guarantee that. `gone` names posts that were requested by id and no longer exist. `left_out` is why posts of
    `ReadWindow.reread_ids` were not read again although the budget allowed it: the listing counts, and the next retry
    run requests them again. `shown` is how many posts of any age the platform listed; None when the request itself
    excluded older posts, so that an empty listing is no contradiction. `is_last_page`: the platform named no page after
    the last one read. `by_id` names posts of `ReadWindow.known_ids`
    that the listing lacks and a request by id found.
    """

    posts: tuple[ExtractedPost, ...]
    complete_since: datetime | None
    response_id: UUID | None  # the last response read, evidence for an absence
    received_at: datetime | None
    gone: tuple[str, ...] = ()
    left_out: "CaptureFailure | None" = None
    shown: int | None = None
    is_last_page: bool = False
    by_id: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether the platform listed no post at all, of any age."""
        return self.shown == 0


class CaptureFailure(Exception):
    """A platform refused, or answered with something unusable; carries the outcome for the account(s) concerned.

    Args:
        outcome: one of the closed list of `contract.Outcome`.
        detail: the platform's message, without secrets.
        retry_at: UTC instant before which another request is pointless, if the platform named one.
        response_id: the response that decided it, None when no response came.
        for_all: True when the refusal concerns the credential or the platform, so that requests for the
            other accounts would fail in the same way.
        withheld_metric_id: the metric definition whose value the platform does not show for this account;
            such an answer is an observation of a withheld count, not a failed capture.
        withdrawn_field: see `Refusal`.
    """

    def __init__(
        self,
        outcome: Outcome,
        detail: str,
        *,
        retry_at: datetime | None = None,
        response_id: UUID | None = None,
        for_all: bool = False,
        withheld_metric_id: str | None = None,
        withdrawn_field: str | None = None,
    ) -> None:
        super().__init__(f"{outcome}: {detail}")
        self.outcome = outcome
        self.detail = clean_text(detail)
        self.retry_at = retry_at
        self.response_id = response_id
        self.for_all = for_all
        self.withheld_metric_id = withheld_metric_id
        self.withdrawn_field = withdrawn_field


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An account's own tokens as a platform issued them; never printed, logged or stored unencrypted."""

    access_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime | None
