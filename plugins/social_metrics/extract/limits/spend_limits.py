"""The limits of one credential, from its connection's extra; those of a platform are in platforms.csv."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from social_metrics.errors import UsageProblem


class Limits(Protocol):
    """Limits of a budget day and of a month of its zone; None is no limit."""

    @property
    def daily_call_limit(self) -> int | None: ...
    @property
    def daily_quota_limit(self) -> int | None: ...
    @property
    def daily_usd_limit(self) -> Decimal | None: ...
    @property
    def monthly_usd_limit(self) -> Decimal | None: ...


def is_of_money(limits: Limits) -> bool:
    """Whether US$ are limited: then each cost is written to the ledger immediately."""
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
        """Read the limits from the extra; a missing one is no limit.

        Raises:
            UsageProblem: one of them is not a usable number.
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
        """Whether there is any limit."""
        return self != CredentialLimits()


def _number(extra: Mapping[str, Any], name: str, where: str) -> Decimal | None:
    value = extra.get(name)
    if value is None or value == "":
        return None
    try:
        number = Decimal("NaN" if isinstance(value, bool) else str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise UsageProblem(f"{where}: {name} is {value!r}; write a number such as 5.00, or leave it out.")
    return number
