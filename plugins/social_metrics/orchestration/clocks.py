"""The time that the platform connections go by: the simulator's in the demo, otherwise this machine's."""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime

from airflow.sdk.exceptions import AirflowException

from social_metrics.clock import Clock, SystemClock
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.endpoint import clock_of
from social_metrics.orchestration.hooks.social_api import SocialApiHook

log = logging.getLogger(__name__)


def connection_clock(platforms: Iterable[str]) -> Clock:
    """The clock of the first platform whose connection can be used."""
    return next(_clocks(platforms))


def current_time(platforms: Iterable[str]) -> datetime:
    """The instant (UTC) of the first clock that answers."""
    for clock in _clocks(platforms):
        try:
            return clock.now()
        except UsageProblem as problem:
            log.warning("A platform's clock does not answer: %s", problem)
    return SystemClock().now()


def _clocks(platforms: Iterable[str]) -> Iterator[Clock]:
    for platform in platforms:
        try:
            yield clock_of(SocialApiHook.of(platform).get_conn())
        except (UsageProblem, AirflowException) as problem:
            log.warning("The connection of %s cannot be used: %s", platform, problem)
    yield SystemClock()
