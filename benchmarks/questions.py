"""Five questions of every day, on 10,000 accounts × 730 days: how long the marts take to answer.

The marts are those that dbt makes, with their keys, indexes and row policies, filled as `charts` fills them; only the
four that are asked. Each question is asked as leadership's login, a hundred times after five that warm the cache.
"""

import time
from statistics import median, quantiles

import psutil
import psycopg
from rich.console import Console

from benchmarks.charts import DAYS, KEY, built, fill
from social_metrics.publish.bi.logins import ensure_reading_logins

ACCOUNTS = 10_000
TIMES = 100
GOAL_MS = 5
MARTS = ("fct_follower_growth_daily", "fct_posting_recency_daily", "fct_center_daily", "fct_platform_daily")

QUESTIONS = {
    "one account, 90 days": """
        select date_day, followers_count, change_7d, is_captured from marts.fct_follower_growth_daily
        where account_code = 'c007-youtube' and date_day > current_date - 90 order by date_day""",
    "top ten by growth in 7 days": """
        select account_code, followers_count, change_7d from marts.fct_follower_growth_daily
        where date_day = current_date and change_7d is not null order by change_7d desc limit 10""",
    "platform by week, a year": """
        select platform, date_day, change_7d, accounts_read, accounts_expected from marts.fct_platform_daily
        where date_day > current_date - 365 and extract(isodow from date_day) = 7 order by platform, date_day""",
    "silent accounts": """
        select account_code, days_since_last_post, last_post_at from marts.fct_posting_recency_daily
        where date_day = current_date and recency_band = 'silent' order by days_since_last_post desc limit 100""",
    "header figures": """
        select count(*), sum(followers_count), sum(change_7d), sum(accounts_read), sum(accounts_expected),
            count(*) filter (where recency_band = 'fresh')
        from marts.fct_center_daily where date_day = current_date""",
}


def table(console: Console) -> list[str]:
    """Fill, ask, and print the page's table; a question without an answer is red."""
    lines = [
        f"| question, {ACCOUNTS:,} accounts × {DAYS} days | p50, ms | p95, ms | processor, ms | rows |",
        "|---|---|---|---|---|",
    ]
    with built() as (owner, service, _settings):
        fill(owner, console, MARTS, ACCOUNTS)
        (login, *_) = ensure_reading_logins(service, [], "social_metrics_bi", KEY)
        with psycopg.connect(login.url(service), autocommit=True, prepare_threshold=None) as connection:
            server = psutil.Process(connection.info.backend_pid)
            for name, question in QUESTIONS.items():
                clock, rows = [], 0
                for _ in range(5):
                    rows = len(connection.execute(question.encode()).fetchall())
                assert rows, name
                worked = _worked(server)
                for _ in range(TIMES):
                    started = time.perf_counter()
                    connection.execute(question.encode()).fetchall()
                    clock.append((time.perf_counter() - started) * 1000)
                processor = (_worked(server) - worked) * 1000 / TIMES
                lines.append(
                    f"| {name} | {median(clock):.1f} | {quantiles(clock, n=20)[-1]:.1f} | {processor:.1f} | {rows:,} |"
                )
    return lines


def _worked(server: psutil.Process) -> float:
    times = server.cpu_times()
    return float(times.user + times.system)
