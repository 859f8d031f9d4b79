"""The raw contract: what a capture may write, table by table.

Every platform yields the same few records, so a platform is a row in the registry and not a set of models. The
dataclasses below are the columns of the `raw` tables in their order. The loader builds its SQL from them, and
`tests/integration/warehouse/test_loader.py` compares them with the migrated database.

Instants are timezone-aware UTC. Counts are exact unless a precision step is given. A value that was not reported is
None, never zero.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID


class Outcome(StrEnum):
    """The outcome of one attempt to read one account, best first: the order is the day's precedence.

    `seeds/rules/capture_outcomes.csv` holds labels and next steps of these and of `DerivedOutcome`.
    """

    CAPTURED = "captured"
    CAPTURED_PARTLY = "captured_partly"
    BELOW_THRESHOLD = "below_threshold"
    IDENTITY_MISMATCH = "identity_mismatch"
    ACCOUNT_PRIVATE = "account_private"
    ACCOUNT_SUSPENDED = "account_suspended"
    ACCOUNT_NOT_FOUND = "account_not_found"
    CONSENT_REVOKED = "consent_revoked"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105  an outcome, no secret
    PERMISSION_MISSING = "permission_missing"
    QUOTA_EXHAUSTED = "quota_exhausted"
    BUDGET_EXHAUSTED = "budget_exhausted"
    RATE_LIMITED = "rate_limited"
    PLATFORM_UNAVAILABLE = "platform_unavailable"
    INVALID_RESPONSE = "invalid_response"
    NOT_ATTEMPTED = "not_attempted"

    @property
    def completes_the_day(self) -> bool:
        """Whether a later retry run of the same WIB date skips the account."""
        return self in (Outcome.CAPTURED, Outcome.BELOW_THRESHOLD)


class DerivedOutcome(StrEnum):
    """Outcomes of an account's day that only the marts derive; no capture writes them."""

    MISSED = "missed"
    MISSING_ACCOUNT = "missing_account"
    NOT_YET_VERIFIED = "not_yet_verified"


class FollowersState(StrEnum):
    """Why a follower count is present or absent."""

    REPORTED = "reported"
    HIDDEN = "hidden"
    NOT_AVAILABLE = "not_available"
    RETENTION_EXPIRED = "retention_expired"


class Presence(StrEnum):
    """Whether a listing of the account contained the post; `absent` is an observation of its disappearance."""

    SEEN = "seen"
    ABSENT = "absent"


class PostsRead(StrEnum):
    """How far an attempt read the posts; `unchanged`: the platform's own post count has not changed."""

    LISTED = "listed"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    NOT_TRIED = "not_tried"


class Source(StrEnum):
    """Where a row comes from; readers see `simulator` wherever the row appears."""

    API = "api"
    SIMULATOR = "simulator"
    MANUAL = "manual"


class AuthorizationMode(StrEnum):
    """On whose permission a number was read; it decides how long the platform's terms allow us to keep it."""

    PUBLIC = "public"
    OWNER = "owner"
    AMENDMENT = "amendment"  # public data, kept longer because the platform has accepted the project


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """One HTTP response, as evidence; its bytes are a `ResponseBody`."""

    table: ClassVar[str] = "raw.api_responses"
    key: ClassVar[tuple[str, ...]] = ("response_id", "received_at")

    response_id: UUID
    platform: str
    endpoint: str
    api_version: str | None
    method: str
    parameters: dict[str, Any]  # redacted: no secret ever reaches this record
    http_status: int
    received_at: datetime
    duration_ms: int
    received_sha256: str  # of the bytes the platform sent
    received_bytes: int
    kept_sha256: str  # of the bytes kept in raw.response_bodies, exactly as stored
    stripped: dict[str, int]  # member name -> how often it was removed before writing
    attempt: int  # 1 for the first try of this call
    source: Source
    run_id: str
    try_number: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ResponseBody:
    """The kept bytes of a response, without personal data, captions and secrets."""

    table: ClassVar[str] = "raw.response_bodies"
    key: ClassVar[tuple[str, ...]] = ("response_id", "received_at")

    response_id: UUID
    received_at: datetime
    body: bytes
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProfileSnapshot:
    """One account's profile at one attempt."""

    table: ClassVar[str] = "raw.profile_snapshots"
    key: ClassVar[tuple[str, ...]] = ("attempt_id", "captured_at")

    attempt_id: UUID
    account_code: str
    platform: str
    captured_at: datetime
    followers_count: int | None
    followers_precision_step: int | None  # 1 = exact; 100 = rounded down to hundreds
    followers_state: FollowersState
    following_count: int | None
    posts_count: int | None
    views_count: int | None
    handle_seen: str | None
    platform_account_id_seen: str | None
    metric_definition_id: str  # a change of it breaks the series
    authorization_mode: AuthorizationMode
    source: Source
    response_id: UUID
    run_id: str
    try_number: int
    expires_at: datetime | None


@dataclass(slots=True)  # not frozen: see ExtractedPost
class Post:
    """One post in one response; written only when content, counts or presence changed."""

    table: ClassVar[str] = "raw.posts"
    key: ClassVar[tuple[str, ...]] = ("account_code", "post_id", "captured_at", "response_id")

    account_code: str
    platform: str
    post_id: str
    captured_at: datetime
    published_at: datetime
    url: str | None
    post_type: str
    content_hash: str | None  # sha256 of the caption; None when the post has no text
    caption_length: int | None  # characters
    like_count: int | None
    comment_count: int | None
    share_count: int | None
    view_count: int | None
    presence: Presence
    source: Source
    response_id: UUID
    run_id: str
    expires_at: datetime | None = None  # of the counts; the observation itself stays


@dataclass(slots=True)  # not frozen: see ExtractedPost
class PostCaption:
    """The text of a post: restricted, and purged earlier than the counts."""

    table: ClassVar[str] = "raw.post_captions"
    key: ClassVar[tuple[str, ...]] = ("account_code", "post_id", "content_hash", "captured_at")

    account_code: str
    platform: str
    post_id: str
    content_hash: str
    captured_at: datetime
    caption: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaptureOutcome:
    """The outcome of one attempt at one account."""

    table: ClassVar[str] = "raw.capture_outcomes"
    key: ClassVar[tuple[str, ...]] = ("attempt_id", "attempted_at")

    attempt_id: UUID
    account_code: str
    platform: str
    attempted_at: datetime
    outcome: Outcome
    detail: str | None  # the platform's message, without secrets
    next_step: str | None  # what a person or a retry run should do
    posts_read: PostsRead
    posts_seen: int | None
    retry_at: datetime | None  # no retry before this instant
    response_id: UUID | None  # the response that decided it
    source: Source
    run_id: str
    try_number: int


class PostsObserved(StrEnum):
    """What a manual entry reports about the account's posts."""

    NEWEST_SEEN = "newest_seen"
    NONE_FOUND = "none_found"  # the account has never posted
    NOT_LOOKED = "not_looked"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as it was handed in: a screenshot, or the workbook that names it."""

    table: ClassVar[str] = "raw.evidence_files"
    key: ClassVar[tuple[str, ...]] = ("sha256",)

    sha256: str  # of `body`
    file_name: str
    media_type: str
    byte_count: int
    body: bytes


@dataclass(frozen=True, slots=True)
class ManualEntry:
    """A count that an officer read off a screen; the WIB date of `observed_at` is its date."""

    table: ClassVar[str] = "raw.manual_entries"
    key: ClassVar[tuple[str, ...]] = ("account_code", "as_of_date", "version")

    account_code: str
    platform: str
    version: int  # 1, or one more than the version that it corrects
    observed_at: datetime  # when the screenshot was taken
    followers_displayed: str  # as shown, e.g. "12,3 rb"
    followers_count: int | None
    followers_precision_step: int | None  # 1 = exact
    followers_state: FollowersState
    metric_definition_id: str  # the one of the platform's API: the same number from another source
    last_post_displayed: str | None
    last_post_at: datetime | None
    last_post_url: str | None
    posts_looked_at: PostsObserved
    is_outreach: bool | None
    program: str | None
    evidence_sha256: str
    evidence_file_name: str
    workbook_sha256: str
    workbook_place: str  # sheet and row
    entered_by: str  # user name, lower case
    entered_at: datetime
    source: Source


@dataclass(frozen=True, slots=True)
class Spend:
    """The cost of one call: a row of the ledger that budgets are checked against."""

    table: ClassVar[str] = "ops.spend_ledger"
    key: ClassVar[tuple[str, ...]] = ("response_id",)

    response_id: UUID
    platform: str
    credential: str  # a name for the credential, never the secret
    endpoint: str
    spent_at: datetime
    calls: int
    quota_units: int
    usd: Decimal
    run_id: str
