"""Profiles of platforms whose calls return one account each."""

from collections.abc import Callable, Sequence

from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile
from social_metrics.registry.account import Account


def read_one_by_one(
    accounts: Sequence[Account], read_profile: Callable[[Account], ExtractedProfile]
) -> dict[str, ExtractedProfile | CaptureFailure]:
    """Read each account; a failure for all is the result of every account that is left."""
    profiles: dict[str, ExtractedProfile | CaptureFailure] = {}
    refused: CaptureFailure | None = None
    for account in accounts:
        try:
            profiles[account.account_code] = refused or read_profile(account)
        except CaptureFailure as failure:
            profiles[account.account_code] = failure
            refused = failure if failure.for_all else None
    return profiles
