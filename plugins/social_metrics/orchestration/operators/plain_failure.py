"""Failures of the core as Airflow's: a sentence in the log, and a retry only where trying again can help."""

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from social_metrics.errors import UsageProblem
from social_metrics.extract.run_clock import ClockProblem
from social_metrics.warehouse.connect import WarehouseProblem


@contextmanager
def plain_failure() -> Iterator[None]:
    """Fail for good on what a person has to mend.

    A warehouse that does not answer, and a clock that was set just now, are left to the retries.
    """
    try:
        yield
    except (WarehouseProblem, ClockProblem) as problem:
        raise AirflowException(str(problem)) from None
    except UsageProblem as problem:
        raise AirflowFailException(str(problem)) from None
