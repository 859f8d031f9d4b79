"""Who is asked before a call is made, and told how it ended: the budget, the circuit breaker, the accounts' tokens."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from social_metrics.extract.extracted import CaptureFailure
from social_metrics.registry.account import Account


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call costs: calls, the platform's quota units, US$."""

    calls: int = 1
    quota_units: int = 0
    usd: Decimal = Decimal(0)


class Meter(Protocol):
    """Holds the budget: asked before a call, told after it."""

    def reserve(self, expected: Cost) -> None:
        """Set the expected cost aside.

        Raises:
            CaptureFailure: with `budget_exhausted`, when the call would pass the budget.
        """

    def settle(self, expected: Cost, actual: Cost) -> None:
        """Replace what was set aside by what it really cost."""


class Gate(Protocol):
    """Holds back calls that would be refused anyway: asked before each, told how it ended."""

    def admit(self) -> None:
        """Let a call pass.

        Raises:
            CaptureFailure: the platform or the credential is not to be asked for now; for all accounts.
        """

    def learn(self, failure: CaptureFailure | None) -> None:
        """Take note of how a call ended: of its failure, or None when it was answered."""


class Tokens(Protocol):
    """Gives the access token of an account whose owner authorised us by itself (TikTok)."""

    def access_token(self, account: Account) -> str:
        """A token valid now.

        Raises:
            CaptureFailure: there is none, or it cannot be renewed.
        """

    def replace_token(self, refused: str, account: Account) -> str:
        """Another token than one that the platform has just refused, although its life is not over.

        Raises:
            CaptureFailure: it cannot be renewed.
        """
