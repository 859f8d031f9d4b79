"""How much of each platform's allowance is used, by the simulated clock."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Allowance:
    """What one request takes: `cost` out of `limit` in the window that began at `window_start` (UTC epoch
    seconds) and ends at `window_end`.
    """

    bucket: str
    limit: int
    window_start: int
    window_end: int
    cost: int = 1


@dataclass(frozen=True)
class Usage:
    """Where a bucket stands after a request."""

    allowance: Allowance
    used: int

    @property
    def exceeded(self) -> bool:
        """Whether this request went over the limit."""
        return self.used > self.allowance.limit

    @property
    def remaining(self) -> int:
        """What is left, never below zero."""
        return max(0, self.allowance.limit - self.used)


@dataclass
class RateLimits:
    """Counts per bucket and window. `overrides` replaces a bucket's limit by name."""

    enabled: bool = True
    overrides: dict[str, int] = field(default_factory=dict)
    _used: dict[str, tuple[int, int]] = field(default_factory=dict)

    def spend(self, allowance: Allowance) -> Usage:
        """Takes the cost and says where the bucket stands. Off: nothing is ever exceeded."""
        limit = self.overrides.get(allowance.bucket, allowance.limit)
        allowance = Allowance(allowance.bucket, limit, allowance.window_start, allowance.window_end, allowance.cost)
        window, used = self._used.get(allowance.bucket, (allowance.window_start, 0))
        if window != allowance.window_start:
            used = 0
        used += allowance.cost
        self._used[allowance.bucket] = (allowance.window_start, used)
        return Usage(allowance, used if self.enabled else min(used, limit))

    def reset(self) -> None:
        """Forgets what was used."""
        self._used.clear()


def fixed_window(bucket: str, limit: int, seconds: int, now: int, cost: int = 1) -> Allowance:
    """An allowance in windows of fixed length since the epoch."""
    start = now - now % seconds
    return Allowance(bucket, limit, start, start + seconds, cost)
