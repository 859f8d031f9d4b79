"""The one list of health checks with its two front ends: `doctor` shows every result, `watch` sends the alerts."""

from collections.abc import Callable, Iterable, Iterator
from types import MappingProxyType

import psycopg

from social_metrics.clock import utc_now
from social_metrics.errors import UsageProblem
from social_metrics.monitoring import capture_checks, registry_checks, system_checks
from social_metrics.monitoring.findings import Alert, AlertKind, CheckResult, Verdict
from social_metrics.monitoring.situation import Situation, now_of_registry
from social_metrics.registry.registry import Registry
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import connect

_DOCTOR, _WATCH = frozenset({"doctor"}), frozenset({"watch"})
_BOTH = _DOCTOR | _WATCH

# Where `doctor` and `watch` need another grain of the same facts, each has a check of its own. No check calls a
# platform, and only `long_sessions` changes anything: it ends them. The scheduler's comes before the first query: its
# answer may take seconds.
CHECKS: tuple[tuple[Callable[[Situation, psycopg.Connection], Iterator[CheckResult | Alert]], frozenset[str]], ...] = (
    (capture_checks.connections, _BOTH),
    (system_checks.scheduler, _BOTH),
    (capture_checks.tokens, _DOCTOR),
    (capture_checks.refused_credentials, _BOTH),
    (capture_checks.expiring_credentials, _BOTH),
    (capture_checks.last_captures, _DOCTOR),
    (capture_checks.gaps, _DOCTOR),
    (capture_checks.late, _WATCH),
    (capture_checks.missed, _WATCH),
    (capture_checks.unavailable_platforms, _BOTH),
    (capture_checks.withdrawn_metrics, _BOTH),
    (capture_checks.budgets, _BOTH),
    (registry_checks.accounts, _DOCTOR),
    (registry_checks.reviews, _WATCH),
    (registry_checks.entries, _DOCTOR),
    (system_checks.disk, _BOTH),
    (system_checks.drift, _BOTH),
    (system_checks.partitions, _BOTH),
    (system_checks.marts, _DOCTOR),
    (system_checks.stale_marts, _WATCH),
    (system_checks.failed_nodes, _DOCTOR),
    (system_checks.failed_transform, _WATCH),
    (system_checks.reading_logins, _BOTH),
    (system_checks.reader_rights, _DOCTOR),
    (system_checks.long_sessions, _WATCH),
)
AREAS = (
    "registry", "warehouse", "connections", "tokens", "captures", "accounts", "entries", "budgets", "health", "marts",
    "transform",
)  # fmt: skip
"""The sections of `doctor`, in its order."""


def find_alerts(at: Situation) -> list[Alert]:
    """Everything that is wrong now.

    Raises:
        UsageProblem: the warehouse does not answer.
    """
    if alert := system_checks.pending_migrations(at.url):
        return [alert]
    with connect(at.url, "loader") as warehouse:
        return [
            found
            for check, front_ends in CHECKS
            if "watch" in front_ends
            for found in check(at, warehouse)
            if isinstance(found, Alert)
        ]


def examine(settings: Settings, url: str) -> list[CheckResult]:
    """All results for `doctor`; only registry, warehouse and connections when the warehouse cannot be used."""
    registry, results = registry_checks.check_registry(settings)
    of_warehouse = system_checks.check_warehouse(url)
    results.append(of_warehouse)
    at, is_clock_known = _situation(registry, settings, url)
    if of_warehouse.verdict is Verdict.FINDING:
        return results + _as_results(capture_checks.connections(at, None))
    checks = [check for check, front_ends in CHECKS if "doctor" in front_ends]
    if registry is None:
        checks = [system_checks.marts, system_checks.failed_nodes]
    with connect(url, "loader") as warehouse:
        for check in checks:
            results += _as_results(check(at, warehouse))
    if not is_clock_known:  # the dates of credentials and budgets would be judged by another clock
        results = [result for result in results if result.area != "health"]
    elif registry and all(result.area != "health" for result in results):
        results.append(CheckResult("health", Verdict.GOOD, "credentials, budgets, disk and clocks are well"))
    return sorted(results, key=lambda result: AREAS.index(result.area))


def examine_without_warehouse(settings: Settings, problem: UsageProblem) -> list[CheckResult]:
    """What `doctor` can say when no warehouse is set."""
    registry, results = registry_checks.check_registry(settings)
    next_step = "make demo, or set AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE"
    results.append(CheckResult("warehouse", Verdict.FINDING, str(problem), next_step))
    at, _ = _situation(registry, settings, "")
    return results + _as_results(capture_checks.connections(at, None))


def _situation(registry: Registry | None, settings: Settings, url: str) -> tuple[Situation, bool]:
    """The situation, and whether its clock answers: a silent simulator is reported by the check of connections."""
    if registry is None:
        return Situation(Registry(MappingProxyType({}), (), ()), settings, url, utc_now()), True
    try:
        return Situation(registry, settings, url, now_of_registry(registry)), True
    except UsageProblem:
        return Situation(registry, settings, url, utc_now()), False


def _as_results(found: Iterable[CheckResult | Alert]) -> list[CheckResult]:
    return [
        result
        if isinstance(result, CheckResult)
        else CheckResult(
            "connections" if result.kind is AlertKind.CONNECTION_BROKEN else "health",
            Verdict.FINDING,
            result.message,
            result.next_step,
        )
        for result in found
    ]
