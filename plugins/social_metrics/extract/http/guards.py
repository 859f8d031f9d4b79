"""Protocols that guard a call: the budget, the circuit breaker, the accounts' tokens."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from social_metrics.extract.extracted import CaptureFailure
from social_metrics.registry.account import Account


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a call: calls, the platform's quota units, US$."""

    calls: int = 1
    quota_units: int = 0
    usd: Decimal = Decimal(0)


class Meter(Protocol):
    """A budget: reserves the cost before a call, settles it after."""

    def reserve(self, expected: Cost) -> None:
        """Reserve the expected cost.

        Raises:
            CaptureFailure: with `budget_exhausted`, when the call would exceed the budget.
        """

    def settle(self, expected: Cost, actual: Cost) -> None:
        """Replace a reservation by the real cost."""


class Gate(Protocol):
    """A circuit breaker: stops calls that the platform would refuse."""

    def admit(self) -> None:
        """Let a call pass.

        Raises:
            CaptureFailure: the platform or the credential is blocked for now; for all accounts.
        """

    def record(self, failure: CaptureFailure | None) -> None:
        """Record how a call ended: its failure, or None for a response."""


class Tokens(Protocol):
    """Access tokens of accounts whose owners each authorised us (TikTok)."""

    def access_token(self, account: Account) -> str:
        """A valid token.

        Raises:
            CaptureFailure: there is none, or it cannot be renewed.
        """

    def replace_token(self, refused: str, account: Account) -> str:
        """A new token for one that the platform refused before its expiry.

        Raises:
            CaptureFailure: it cannot be renewed.
        """
