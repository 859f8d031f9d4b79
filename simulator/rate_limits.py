"""Use of each platform's rate limits, by the simulated clock."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Allowance:
    """Cost of one request and its limit from `window_start` to `window_end` (UTC epoch seconds)."""

    bucket: str
    limit: int
    window_start: int
    window_end: int
    cost: int = 1


@dataclass(frozen=True)
class Usage:
    """Use of a bucket after a request."""

    allowance: Allowance
    used: int

    @property
    def exceeded(self) -> bool:
        """Whether this request exceeded the limit."""
        return self.used > self.allowance.limit

    @property
    def remaining(self) -> int:
        """The rest of the limit, never below zero."""
        return max(0, self.allowance.limit - self.used)


@dataclass
class RateLimits:
    """Use by bucket and window. `overrides` replaces a bucket's limit by name."""

    enabled: bool = True
    overrides: dict[str, int] = field(default_factory=dict)
    _used: dict[str, tuple[int, int]] = field(default_factory=dict)

    def spend(self, allowance: Allowance) -> Usage:
        """Adds the cost and returns the use of the bucket; disabled limits are never exceeded."""
        limit = self.overrides.get(allowance.bucket, allowance.limit)
        allowance = Allowance(allowance.bucket, limit, allowance.window_start, allowance.window_end, allowance.cost)
        window, used = self._used.get(allowance.bucket, (allowance.window_start, 0))
        if window != allowance.window_start:
            used = 0
        used += allowance.cost
        self._used[allowance.bucket] = (allowance.window_start, used)
        return Usage(allowance, used if self.enabled else min(used, limit))

    def reset(self) -> None:
        """Deletes the use of all buckets."""
        self._used.clear()


def fixed_window(bucket: str, limit: int, seconds: int, now: int, cost: int = 1) -> Allowance:
    """An allowance in windows of fixed length since the epoch."""
    start = now - now % seconds
    return Allowance(bucket, limit, start, start + seconds, cost)
