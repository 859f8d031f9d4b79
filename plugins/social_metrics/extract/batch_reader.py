"""Reads the accounts of one batch: first the profiles, then the posts of the accounts whose profile was read."""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import TypeVar
from uuid import UUID, uuid4

import psycopg

from social_metrics.clock import wib_date
from social_metrics.contract import FollowersState, Outcome
from social_metrics.errors import UsageProblem
from social_metrics.extract import state as capture_state
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile, PostListing, ReadWindow
from social_metrics.extract.http.client import ApiClient
from social_metrics.registry.account import Account
from social_metrics.registry.registry import Platform

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class AccountAttempt:
    """One attempt at one account: the profile or its failure; the listing, its failure, or None when unchanged.

    `window` is what the listing was asked for.
    """

    attempt_id: UUID
    account: Account
    attempted_at: datetime
    profile: ExtractedProfile | CaptureFailure
    posts: PostListing | CaptureFailure | None
    window: ReadWindow


class BatchReader:
    """Reads one batch and returns an attempt for each of its accounts; one failure does not stop the others.

    Args:
        platform: its row in platforms.csv.
        module: its file in `platforms`.
        client: makes the calls, and records the evidence of this batch.
        states: how far the posts of each account are known.
        due: account code -> ids of posts whose counts are to be read again.
        now: the capture's instant (UTC).
    """

    def __init__(
        self,
        platform: Platform,
        module: ModuleType,
        client: ApiClient,
        states: dict[str, capture_state.PostsState],
        due: dict[str, tuple[str, ...]],
        now: datetime,
    ) -> None:
        self._platform = platform
        self._module = module
        self._client = client
        self._states = states
        self._due = due
        self._now = now
        self._refused: CaptureFailure | None = None  # a refusal for all: of the credential, the budget or the platform

    def read(self, accounts: Sequence[Account], callers: Executor) -> list[AccountAttempt]:
        """One attempt per account, in the order given.

        Args:
            accounts: the batch's accounts that are not complete.
            callers: as many threads as calls may be in flight, shared with other batches of the platform.
        """
        size = self._module.RULES.accounts_per_call
        calls = [accounts[start : start + size] for start in range(0, len(accounts), size)]
        profiles: dict[str, ExtractedProfile | CaptureFailure] = {}
        for read in callers.map(self._read_profiles, calls):
            profiles.update(read)
        return list(callers.map(lambda account: self._attempt(account, profiles[account.account_code]), accounts))

    def _read_profiles(self, requested: Sequence[Account]) -> dict[str, ExtractedProfile | CaptureFailure]:
        read = self._guarded(lambda: self._module.read_profiles(self._client, requested))
        if isinstance(read, CaptureFailure):
            return {account.account_code: read for account in requested}
        for account in requested:
            read.setdefault(
                account.account_code,
                CaptureFailure(Outcome.INVALID_RESPONSE, "the platform's response does not contain this account"),
            )
        return dict(read)

    def _attempt(self, account: Account, profile: ExtractedProfile | CaptureFailure) -> AccountAttempt:
        # An attempt belongs to the day of its count, however long the posts take after it.
        attempted_at = profile.received_at if isinstance(profile, ExtractedProfile) else self._client.clock.now()
        if isinstance(profile, ExtractedProfile) and _is_other_account(account, profile):
            profile = CaptureFailure(
                Outcome.IDENTITY_MISMATCH,
                f"the handle {account.handle} now belongs to the platform id {profile.platform_account_id}, "
                f"not to {account.platform_account_id}",
                response_id=profile.response_id,
            )
        window = self._window(account)
        posts = None if isinstance(profile, CaptureFailure) else self._read_posts(account, profile, window)
        return AccountAttempt(uuid4(), account, attempted_at, profile, posts, window)

    def _window(self, account: Account) -> ReadWindow:
        state = self._states[account.account_code]
        return ReadWindow(
            since=state.window_start(self._platform.lookback_days, self._now),
            newest_known_id=state.newest_post_id,
            reread_ids=self._due.get(account.account_code, ()),
            known_ids=state.known_ids,
            listed_at=state.last_listed_at,
            posts_count_then=state.posts_count_then,
        )

    def _read_posts(
        self, account: Account, profile: ExtractedProfile, window: ReadWindow
    ) -> PostListing | CaptureFailure | None:
        """The listing, its failure, or None when the platform's post count is unchanged since a believed listing."""
        state = self._states[account.account_code]
        if state.last_listed_at is not None and not state.is_doubted and not window.reread_ids:
            same_count = profile.posts_count is not None and profile.posts_count == state.posts_count_then
            # By dates: a run that begins some minutes earlier than yesterday's is still one day later.
            days = (wib_date(self._now) - wib_date(state.last_listed_at)).days
            if same_count and days < self._platform.full_listing_days:
                return None
        return self._guarded(lambda: self._module.read_posts(self._client, account, profile, window))

    def _guarded(self, read: Callable[[], Answer]) -> Answer | CaptureFailure:
        """The result of `read`, or a failure in its place: one account's error must not stop the batch."""
        if self._refused is not None:
            return self._refused
        try:
            return read()
        except CaptureFailure as failure:
            if failure.for_all:
                self._refused = failure
            return failure
        except (psycopg.Error, UsageProblem) as error:  # breakers, tokens, ledger: not the platform's error
            logger.warning("The warehouse failed while %s was being read: %s", self._platform.platform, error)
            return CaptureFailure(
                Outcome.NOT_ATTEMPTED, f"the warehouse did not respond during the capture ({type(error).__name__})"
            )
        except Exception as error:
            logger.exception("The platform file of %s raised an unexpected error", self._platform.platform)
            return CaptureFailure(
                Outcome.INVALID_RESPONSE,
                f"the response could not be parsed ({type(error).__name__}); see the traceback in the task's log",
            )


def _is_other_account(account: Account, profile: ExtractedProfile) -> bool:
    return (
        account.platform_account_id is not None
        and profile.platform_account_id is not None
        and account.platform_account_id != profile.platform_account_id
    )


def withheld_from_all(attempts: Sequence[AccountAttempt]) -> set[str]:
    """The follower metric, where none of several profiles has it: then the platform has withdrawn it."""
    profiles = [attempt.profile for attempt in attempts if isinstance(attempt.profile, ExtractedProfile)]
    if len(profiles) < 2 or any(profile.followers_state is not FollowersState.NOT_AVAILABLE for profile in profiles):
        return set()
    return {profile.metric_definition_id for profile in profiles}


def expected_posts(
    attempts: Iterable[AccountAttempt],
) -> tuple[dict[str, datetime], dict[str, tuple[str, ...]]]:
    """Since when each account's listing is complete, and which requested posts no longer exist."""
    floors: dict[str, datetime] = {}
    gone: dict[str, tuple[str, ...]] = {}
    for attempt in attempts:
        if isinstance(attempt.posts, PostListing):
            if attempt.posts.complete_since is not None:
                floors[attempt.account.account_code] = attempt.posts.complete_since
            if attempt.posts.gone:
                gone[attempt.account.account_code] = attempt.posts.gone
    return floors, gone
