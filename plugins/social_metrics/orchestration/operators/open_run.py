"""The head of a capture run: which WIB day it is, and whether this run may capture at all."""

from datetime import date, datetime
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from social_metrics.clock import WIB, Clock, SystemClock, wib_date
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.endpoint import clock_of
from social_metrics.extract.run_clock import refuse_other_day
from social_metrics.orchestration.hooks.social_api import SocialApiHook
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.settings import load_settings


class OpenRunOperator(BaseOperator):
    """Return today's WIB date (ISO), which every later task holds on to.

    A run that belongs to another day is refused: clearing or backfilling it would write today's numbers.

    Args:
        platforms: the registry's; the first whose connection can be used tells the time (the simulator's,
            in the demo).
    """

    def __init__(self, *, platforms: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.platforms = platforms

    def execute(self, context: Any) -> str:
        """Refuse, skip or open.

        Raises:
            AirflowFailException: the run belongs to another day.
            AirflowSkipException: it is too late to start.
        """
        with plain_failure():
            clock = self._clock()
            now = clock.now()
            today = wib_date(now)
            refuse_other_day(_day_of_run(context["dag_run"], clock), today)
            cutoff = load_settings().capture_cutoff
        if now.astimezone(WIB).time() > cutoff:
            raise AirflowSkipException(
                f"It is past {cutoff:%H:%M} WIB (SOCIAL_METRICS_CAPTURE_CUTOFF): a capture started now could "
                "run into the next day."
            )
        return today.isoformat()

    def _clock(self) -> Clock:
        for platform in self.platforms:
            try:
                return clock_of(SocialApiHook.of(platform).get_conn())
            except (UsageProblem, AirflowException) as problem:
                self.log.warning("The connection of %s cannot be used: %s", platform, problem)
        return SystemClock()


def _day_of_run(dag_run: Any, clock: Clock) -> date | None:
    """The WIB date that a run belongs to; a run without a logical date belongs to the day of its making.

    The simulator's calendar is not Airflow's: there only a logical date tells.
    """
    instant: datetime | None = dag_run.logical_date
    if instant is None and isinstance(clock, SystemClock):
        instant = dag_run.run_after
    return wib_date(instant) if instant is not None else None
