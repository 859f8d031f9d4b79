"""Progress lines of the bench, on standard error: standard output holds only the tables."""

import sys
import time

_STARTED = time.monotonic()


def report(step: str) -> None:
    """Print which step begins, after how many minutes of the bench."""
    minutes, seconds = divmod(round(time.monotonic() - _STARTED), 60)
    print(f"[{minutes}:{seconds:02} min] {step}", file=sys.stderr, flush=True)
