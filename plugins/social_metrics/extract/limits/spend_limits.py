"""The limits of one credential, as its connection's extra names them: those of platforms.csv, for it alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from social_metrics.errors import UsageProblem


class Limits(Protocol):
    """What may be spent in a budget day and in a month of its zone; None does not limit."""

    @property
    def daily_call_limit(self) -> int | None: ...
    @property
    def daily_quota_limit(self) -> int | None: ...
    @property
    def daily_usd_limit(self) -> Decimal | None: ...
    @property
    def monthly_usd_limit(self) -> Decimal | None: ...


def is_of_money(limits: Limits) -> bool:
    """Whether US$ are limited, so that every cent has to be in the ledger as it is spent."""
    return limits.daily_usd_limit is not None or limits.monthly_usd_limit is not None


@dataclass(frozen=True, slots=True)
class CredentialLimits:
    """A credential's share of its platform's limits."""

    daily_call_limit: int | None = None
    daily_quota_limit: int | None = None
    daily_usd_limit: Decimal | None = None
    monthly_usd_limit: Decimal | None = None

    @classmethod
    def from_extra(cls, extra: Mapping[str, Any], where: str) -> "CredentialLimits":
        """Those that the extra names; what it leaves out does not limit.

        Raises:
            UsageProblem: one of them is no number that can limit anything.
        """
        calls, units = (_number(extra, name, where) for name in ("daily_call_limit", "daily_quota_limit"))
        for name, number in (("daily_call_limit", calls), ("daily_quota_limit", units)):
            if number is not None and (number != number.to_integral_value() or number < 1):
                raise UsageProblem(f"{where}: {name} is {extra[name]!r}; write a whole number from 1, or leave it out.")
        return cls(
            None if calls is None else int(calls),
            None if units is None else int(units),
            _number(extra, "daily_usd_limit", where),
            _number(extra, "monthly_usd_limit", where),
        )

    def __bool__(self) -> bool:
        """Whether anything is limited."""
        return self != CredentialLimits()


def _number(extra: Mapping[str, Any], name: str, where: str) -> Decimal | None:
    told = extra.get(name)
    if told is None or told == "":
        return None
    try:
        number = Decimal("NaN" if isinstance(told, bool) else str(told))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise UsageProblem(f"{where}: {name} is {told!r}; write a number such as 5.00, or leave it out.")
    return number
