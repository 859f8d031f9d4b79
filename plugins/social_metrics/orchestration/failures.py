"""Errors of the core as Airflow's: one sentence in the log, and a retry only where another try can help."""

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from social_metrics.errors import UsageProblem
from social_metrics.extract.run_clock import ClockProblem
from social_metrics.warehouse.connect import WarehouseProblem


@contextmanager
def translate_errors() -> Iterator[None]:
    """Fail without a retry on what a person has to fix; also a decorator.

    A warehouse that does not answer, and a clock that was just set, are left to the retries.
    """
    try:
        yield
    except (WarehouseProblem, ClockProblem) as problem:
        raise AirflowException(str(problem)) from None
    except UsageProblem as problem:
        raise AirflowFailException(str(problem)) from None
