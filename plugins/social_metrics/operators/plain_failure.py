"""Failures of the core as Airflow's: a sentence in the log, and a retry only where trying again can help."""

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from social_metrics.settings import UsageProblem
from social_metrics.warehouse.connect import WarehouseProblem


@contextmanager
def plain_failure() -> Iterator[None]:
    """Fail for good on what a person has to mend; leave a warehouse that does not answer to the retries."""
    try:
        yield
    except WarehouseProblem as problem:
        raise AirflowException(str(problem)) from None
    except UsageProblem as problem:
        raise AirflowFailException(str(problem)) from None
