"""How long every chart's query takes on 2,000 accounts × 730 days of synthetic marts: `make bench-charts`.

The marts are those that dbt makes (columns, keys, indexes, row policies), filled with rows that no rule has made: only
their number and spread matter here. Each query is asked as leadership's login and as one center's, seven times after
one that warms the cache. Printed are the medians of the time on the clock, and the server's processor time per query,
which says the same on a machine that others use too: asked as often again without workers beside the server's process,
whose time it would not hold. The run is red when a median is over the goal.
"""

import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psutil
import psycopg
from rich.console import Console
from rich.table import Table

from local_stack.databases import SERVICE_LOGIN, Login, ensure_warehouse
from local_stack.embedded_postgres import EmbeddedPostgres
from social_metrics.publish.bi.definitions import Dashboard, load_dashboards
from social_metrics.publish.bi.logins import ensure_reading_logins
from social_metrics.publish.bi.metabase.cards import query, without_filters
from social_metrics.publish.bi.metadata import Metadata, read_metadata
from social_metrics.settings import REPOSITORY, Settings
from social_metrics.warehouse import migrate
from tests.support.dbt_runner import Warehouse

ACCOUNTS, CENTERS, DAYS = 2000, 400, 730
TIMES = 7
GOAL_MS = 50
KEY = "a key of the bench, long enough"
LAST_DAY = "current_date"

CENTER = "'c' || lpad((n % {centers})::text, greatest(3, length((n % {centers})::text)), '0')"
PLATFORM = "(array['youtube','facebook','instagram','x','tiktok'])[1 + n / {centers} % 5]"
SPINES = {
    "account_day": "generate_series(0, {accounts} - 1) as n cross join generate_series(0, {days} - 1) as d",
    "center_day": "generate_series(0, {centers} - 1) as n cross join generate_series(0, {days} - 1) as d",
    "center_day_scope": "generate_series(0, {centers} - 1) as n cross join generate_series(0, {days} - 1) as d "
    "cross join unnest(array['all_platforms', 'required_platforms', 'any_post', 'outreach_post']) as scope",
    "center_month": "generate_series(0, {centers} - 1) as n cross join generate_series(0, {days} - 1, 30) as d",
    "center_month_program": "generate_series(0, {centers} - 1) as n cross join generate_series(0, {days} - 1, 30) as d "
    "cross join unnest(array['ATENSI','YAPI','FOOD','BPNT','PERMAKANAN','PENA','PKH','RST','ASTER']) as program",
    "account": "generate_series(0, {accounts} - 1) as n cross join generate_series(0, 0) as d",
    "center": "generate_series(0, {centers} - 1) as n cross join generate_series(0, 0) as d",
    "post": "generate_series(0, {accounts} - 1) as n cross join generate_series(0, {days} - 1, 2) as d",
    "platform_day": "generate_series(0, {accounts} - 1, {centers}) as n cross join generate_series(0, {days} - 1) as d",
    "finding": "generate_series(0, 4999) as n cross join generate_series(0, 0) as d",
    "campaign": "generate_series(0, {centers} - 1) as n cross join generate_series(1, 24) as d "
    "cross join unnest(array['ATENSI']) as program",
}
GRAINS = {
    "dim_centers": "center",
    "fct_follower_growth_daily": "account_day",
    "fct_posting_recency_daily": "account_day",
    "fct_capture_completeness": "account_day",
    "fct_center_daily": "center_day",
    "fct_center_platform_daily": "account_day",
    "fct_platform_daily": "platform_day",
    "leaderboard_followers": "center_day_scope",
    "leaderboard_recency": "center_day_scope",
    "fct_center_monthly": "center_month",
    "fct_program_coverage": "center_month_program",
    "fct_posts": "post",
    "fct_post_tags": "post",
    "fct_credential_status": "account",
    "fct_api_spend_daily": "platform_day",
    "fct_data_quality_findings": "finding",
    "fct_campaign_synchrony": "campaign",
}
DAY = f"({LAST_DAY} - d)"
BY_NAME = {
    "center_code": CENTER,
    "center_name": "'Sentra ' || " + CENTER,
    "account_code": CENTER + " || '-' || " + PLATFORM,
    "platform": PLATFORM,
    "last_post_platform": PLATFORM,
    "date_day": DAY,
    "published_date": DAY,
    "quota_date": DAY,
    "as_of_date": DAY,
    "month_start": f"(date_trunc('month', {LAST_DAY})::date - d)",
    "post_id": "n || '-' || d",
    "finding_id": "n::text",
    "subject": "n::text",
    "campaign_code": "'K' || d",
    "scope": "scope",
    "program": "program",
    "province": "'Provinsi ' || n % 38",
    "source": "'simulator'",
    "outcome": "case when (n * 31 + d * 7) % 50 = 0 then 'platform_unavailable' else 'captured' end",
    "is_captured": "(n * 31 + d * 7) % 50 <> 0",
    "is_current": "true",
    "is_open": "n % 10 = 0",
    "is_ranked": "true",
    "best_rank": "n + 1",
    "worst_rank": "n + 1",
    "display_order": "n + 1",
    "recency_band": "(array['fresh','recent','stale','silent','unknown'])[1 + (n + d) % 5]",
    "coverage_state": "(array['covered','not_covered','unknown'])[1 + n % 3]",
    "tag_kind": "(array['cluster','program','outreach'])[1 + (n + d) % 3]",
    "tag": "(array['anak','lansia','disabilitas','bencana'])[1 + n % 4]",
    "is_scheme_in_force": "true",
    "followers_count": "1000 + n * 17 - d",
    "definition_breaks": "(d = 90 + 120 * (n / {centers} % 5))::integer",  # each platform did it once
    "presence": "'seen'",
}
BY_TYPE = {
    "text": "'kata ' || (n + d) % 40",
    "boolean": "(n + d) % 9 <> 0",
    "date": DAY,
    "timestamp with time zone": f"{DAY} + interval '13 hours'",
    "timestamp without time zone": f"{DAY} + interval '20 hours'",
    "uuid": "gen_random_uuid()",
}
NUMBER = "(n * 13 + d) % 500"


def statement(mart: str, columns: Sequence[tuple[str, str]], accounts: int = ACCOUNTS) -> str:
    """The INSERT that fills a mart for so many accounts, five to a center; every column has a value."""
    sizes = {"accounts": accounts, "centers": accounts // 5, "days": DAYS}
    values = [BY_NAME.get(name, BY_TYPE.get(data_type, NUMBER)).format(**sizes) for name, data_type in columns]
    names = ", ".join(name for name, _ in columns)
    # In the order of the days, as the daily builds leave them.
    return (
        f"insert into marts.{mart} ({names}) select {', '.join(values)} from {SPINES[GRAINS[mart]].format(**sizes)} "
        "order by d desc, n"
    )


def fill(url: str, console: Console, marts: Iterable[str] = tuple(GRAINS), accounts: int = ACCOUNTS) -> None:
    """Fill the marts that dbt has made, or some of them, for so many accounts."""
    with psycopg.connect(url, autocommit=True) as connection:
        for mart in marts:
            columns = connection.execute(
                "select column_name, data_type from information_schema.columns "
                "where table_schema = 'marts' and table_name = %s order by ordinal_position",
                (mart,),
            ).fetchall()
            started = time.monotonic()
            connection.execute(f"truncate marts.{mart}")
            named = [(str(name), str(data_type)) for name, data_type in columns]
            connection.execute(statement(mart, named, accounts))
            connection.execute(f"vacuum (analyze) marts.{mart}")
            (rows,) = connection.execute(f"select count(*) from marts.{mart}").fetchone() or (0,)
            console.print(f"{mart}: {rows:,} rows ({time.monotonic() - started:.0f} s)", highlight=False)


@contextmanager
def built() -> Iterator[tuple[str, str, Settings]]:
    """A warehouse with every mart, filled: address of its superuser, of the service login, and the settings."""
    with tempfile.TemporaryDirectory() as folder:
        embedded = EmbeddedPostgres(Path(folder) / "postgres")
        server = embedded.start()
        try:
            url = ensure_warehouse(server, Login(SERVICE_LOGIN, "bench"))
            migrate.upgrade(url)
            registry = REPOSITORY / "dbt_project" / "seeds" / "registry"
            variables = {"from_date": "2024-01-26", "through_date": "2024-01-26"}
            Warehouse(url, registry=registry, state=Path(folder) / "state", variables=variables).build()
            yield server.url("social_metrics_demo"), url, Settings(registry_dir=registry, state_dir=Path(folder))
        finally:
            embedded.stop()


Measured = dict[str, tuple[float, float]]


def measure(url: str, dashboards: Sequence[Dashboard], metadata: Metadata) -> Measured:
    """Chart → median milliseconds on the clock, and mean milliseconds of the server's processor."""
    found = {}
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        server = psutil.Process(connection.info.backend_pid)
        for dashboard in dashboards:
            for chart in dashboard.charts:
                asked = without_filters(query(dashboard, chart, metadata, "id"))
                connection.execute(asked).fetchall()
                seconds = []
                for _ in range(TIMES):
                    started = time.perf_counter()
                    connection.execute(asked).fetchall()
                    seconds.append(time.perf_counter() - started)
                connection.execute("set max_parallel_workers_per_gather = 0")
                worked = _worked(server)
                for _ in range(TIMES):
                    connection.execute(asked).fetchall()
                processor = (_worked(server) - worked) / TIMES
                connection.execute("reset max_parallel_workers_per_gather")
                found[f"{dashboard.slug}.{chart.key}"] = (median(seconds) * 1000, processor * 1000)
    return found


def measure_both(console: Console) -> tuple[Measured, Measured]:
    """Build, fill and measure: as leadership's login, and as one center's."""
    dashboards = load_dashboards(REPOSITORY / "bi" / "dashboards")
    with built() as (owner, service, settings):
        fill(owner, console)
        metadata = read_metadata(settings)
        logins = ensure_reading_logins(service, ["c007"], "social_metrics_bi", KEY)
        leadership, center = (measure(login.url(service), dashboards, metadata) for login in logins)
    return leadership, center


def _worked(server: psutil.Process) -> float:
    """Seconds that its processor has worked, to a hundredth."""
    times = server.cpu_times()
    return float(times.user + times.system)


def main() -> int:
    """Build, fill, measure; exit code 1 when a chart is over the goal."""
    console = Console()
    leadership, center = measure_both(console)
    columns = ("Chart", "Leadership, ms", "processor", "One center, ms", "processor")
    table = Table(*columns, title=f"Medians of {TIMES}; goal {GOAL_MS} ms")
    for chart, (clock, processor) in leadership.items():
        own_clock, own_processor = center[chart]
        figures = (f"{figure:.1f}" for figure in (clock, processor, own_clock, own_processor))
        table.add_row(chart, *figures, style="red" if max(clock, own_clock) > GOAL_MS else None)
    console.print(table)
    slowest = max(clock for measured in (leadership, center) for clock, _ in measured.values())
    return int(slowest > GOAL_MS)


if __name__ == "__main__":
    sys.exit(main())
