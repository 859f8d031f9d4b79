"""An official account of a center: a dated row of the registry."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Account:
    """One official account in its registry row of a WIB date."""

    account_code: str  # immutable slug, e.g. kartini-youtube
    center_code: str
    platform: str
    platform_account_id: str | None  # the identity
    handle: str | None  # an attribute; versioned by dated rows
    url: str | None
    status: str
    valid_from: date | None
    valid_to: date | None
    capture_path: str = "api"  # or "manual": read by hand, without access to an API
    review_due_at: date | None = None  # from here on it is under review

    def is_valid_on(self, day: date) -> bool:
        """Whether this dated row is valid on a WIB date."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    def is_under_review_on(self, day: date) -> bool:
        """Whether the account's verification has expired on a WIB date, so that a person has to review it."""
        return self.status == "verified" and self.review_due_at is not None and self.review_due_at <= day
