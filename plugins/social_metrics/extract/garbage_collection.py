"""Python's garbage collection during a capture."""

import gc

GARBAGE_THRESHOLD = 100_000
"""New objects after which Python searches for unreachable cycles while a batch is read."""


def collect_garbage_rarely() -> None:
    """Collect garbage less often: batches create no cycles, and the search took 38 % of their processor time.

    Objects that are loaded already, Airflow above all, are not searched again.
    """
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)
