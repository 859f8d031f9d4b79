"""A small set of marts by hand: every case that a leaderboard shows, on one date.

The tables have the columns of the BI contract that the boards read. The end-to-end
test shows that dbt builds the same.
"""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

DAY = date(2024, 1, 31)
FIRST_DAY = DAY - timedelta(days=59)
WIB = ZoneInfo("Asia/Jakarta")
CAPTURED_AT = datetime(2024, 1, 31, 20, 4, tzinfo=WIB)

TABLES = """
create table marts.dim_platforms (platform text, platform_label text, followers_label_id text,
    required_from date, required_until date);
create table marts.dim_centers (center_code text, center_name text, center_type text, city text, province text,
    province_iso text, time_zone text, time_zone_label text, verification_mark text, valid_from date, valid_to date,
    is_current boolean);
create table marts.leaderboard_followers (date_day date, scope text, center_code text, center_name text,
    followers_count bigint, followers_count_high bigint, best_rank int, worst_rank int, display_order int,
    is_ranked boolean, unranked_reason text, accounts_expected int, accounts_captured int, accounts_carried int,
    accounts_hidden int, completeness numeric, change_7d bigint, change_7d_is_measurable boolean, change_30d bigint,
    newest_capture_at timestamptz, source text);
create table marts.leaderboard_recency (date_day date, scope text, center_code text, center_name text, time_zone text,
    last_post_at timestamptz, last_post_platform text, last_post_url text, days_since_last_post int, recency_band text,
    platforms_updated int, best_rank int, worst_rank int, display_order int, is_ranked boolean, unranked_reason text,
    accounts_not_observed int, completeness numeric, source text);
create table marts.fct_center_daily (center_code text, date_day date, followers_count bigint,
    followers_count_high bigint, accounts_captured int, accounts_carried int, change_7d bigint, change_7d_low bigint,
    change_7d_high bigint, change_7d_is_measurable boolean, accounts_manual int, accounts_suspended int);
create table marts.fct_capture_completeness (center_code text, platform text, account_code text, date_day date,
    is_expected boolean, outcome text, detail text, next_step text, is_captured boolean, source text);
create table marts.fct_follower_growth_daily (account_code text, center_code text, platform text, date_day date,
    followers_count bigint, followers_state text, captured_at timestamptz, capture_age_days int, source text);
create table marts.fct_account_findings (account_code text, center_code text, platform text, date_day date,
    finding text, known_value text, seen_value text, since_date date);
create table marts.dim_programs (program text, program_label_id text, program_label_en text, is_current boolean);
create table marts.fct_program_coverage (center_code text, program text, month_start date, known_on_date date,
    posts int, coverage_state text);
create table marts.fct_data_quality_findings (rule_id text, rule_label_id text, rule_label_en text, severity text,
    subject text, first_found_date date, last_found_date date);
create table marts.fct_credential_status (account_code text, platform text, days_left int);
create table marts.fct_api_spend_daily (platform text, quota_date date, calls int, quota_share numeric,
    usd_month_to_date numeric, budget_days_left int);
grant select on all tables in schema marts to social_metrics_bi_reader;
"""

# code, name, city, zone, letters
CENTERS = [
    ("kartini", "Sentra Terpadu Kartini", "Kab. Temanggung", "Asia/Jakarta", "WIB"),
    ("soeharso", "Sentra Terpadu Prof. Dr. Soeharso", "Kota Surakarta", "Asia/Jakarta", "WIB"),
    ("handayani", "Sentra Handayani", "Jakarta", "Asia/Jakarta", "WIB"),
    ("mahatmiya", "Sentra Mahatmiya", "Kab. Tabanan", "Asia/Makassar", "WITA"),
    ("wasana-bahagia", "Sentra Wasana Bahagia", "Kota Ternate", "Asia/Jayapura", "WIT"),
    ("darussaadah", "Sentra Darussa'adah", "Kab. Aceh Besar", "Asia/Jakarta", "WIB"),
    ("satria", "Sentra Satria <b>", "Kab. Banyumas (Baturraden)", "Asia/Jakarta", "WIB"),
    ("margo-laras", "Sentra Margo Laras", "Kab. Pati", "Asia/Jakarta", "WIB"),
    ("galih-pakuan", "Sentra Galih Pakuan", "Kab. Bogor", "Asia/Jakarta", "WIB"),
]

# code, count, high, best, worst, unranked, expected, captured, carried, hidden, completeness, change, low, high
FOLLOWERS: list[tuple[Any, ...]] = [
    ("kartini", 148210, 148210, 1, 1, None, 2, 2, 0, 0, 1, 312, 312, 312),
    ("soeharso", 31900, 31999, 2, 3, None, 2, 2, 0, 0, 1, 100, 1, 199),
    ("handayani", 31950, 31959, 2, 3, None, 1, 1, 0, 0, 1, 10, 1, 109),
    ("mahatmiya", 12300, 12399, 4, 4, None, 2, 1, 1, 0, 0.5, -90, -189, 9),
    ("wasana-bahagia", 9150, 9159, 5, 6, None, 1, 1, 0, 0, 1, None, None, None),
    ("darussaadah", 9100, 9199, 5, 6, None, 2, 1, 0, 1, 1, -40, -40, -40),
    ("satria", None, None, None, None, "all_hidden", 1, 0, 0, 1, 1, None, None, None),
    ("margo-laras", None, None, None, None, "capture_failed", 1, 0, 0, 0, 0, None, None, None),
    ("galih-pakuan", None, None, None, None, "no_verified_account", 0, 0, 0, 0, None, None, None, None),
]

# code, hours before 20:00 WIB (None: no post), platform, days since, band, platforms, rank, unranked, not observed
RECENCY: list[tuple[Any, ...]] = [
    ("wasana-bahagia", 2, "instagram", 0, "fresh", 1, 1, None, 0),
    ("kartini", 3, "youtube", 0, "fresh", 2, 2, None, 0),
    ("soeharso", 3, "x", 0, "fresh", 1, 2, None, 1),
    ("mahatmiya", 26, "instagram", 1, "fresh", 1, 4, None, 0),
    ("handayani", 24 * 12, "tiktok", 12, "stale", 1, 5, None, 0),
    ("darussaadah", 24 * 76, "facebook", 76, "silent", 1, 6, None, 0),
    ("satria", None, None, None, "never", 0, None, "never_posted", 0),
    ("margo-laras", None, None, None, "unknown", 0, None, "not_observed", 1),
    ("galih-pakuan", None, None, None, "unknown", 0, None, "no_verified_account", 0),
]

# center, platform, expected, outcome, captured, next step, followers state, age
ACCOUNTS: list[tuple[Any, ...]] = [
    ("kartini", "youtube", True, "captured", True, None, "reported", 0),
    ("kartini", "x", True, "captured", True, None, "reported", 0),
    ("soeharso", "youtube", True, "captured", True, None, "reported", 0),
    ("soeharso", "x", True, "captured_partly", True, None, "reported", 0),
    ("handayani", "tiktok", True, "captured", True, None, "reported", 0),
    ("mahatmiya", "instagram", True, "captured", True, None, "reported", 0),
    ("mahatmiya", "x", True, "rate_limited", False, "The next retry run tries again.", None, 2),
    ("wasana-bahagia", "instagram", True, "captured", True, None, "reported", 0),
    ("darussaadah", "facebook", True, "captured", True, None, "reported", 0),
    ("darussaadah", "youtube", True, "captured", True, None, "hidden", 9),
    ("satria", "youtube", True, "captured", True, None, "hidden", None),
    ("margo-laras", "facebook", True, "token_expired", False, "Renew the token in the Connection.", None, 11),
    ("handayani", "youtube", False, "missing_account", False, "The center opens an account.", None, None),
    ("galih-pakuan", "youtube", False, "not_yet_verified", False, "Register the account.", None, None),
    ("galih-pakuan", "instagram", False, "not_yet_verified", False, "Register the account.", None, None),
]

# center: accounts entered by hand, accounts suspended
BY_PEOPLE = {"mahatmiya": (1, 0), "darussaadah": (0, 1)}

# center, platform, finding, known, seen
FINDINGS: list[tuple[str, ...]] = [
    ("darussaadah", "instagram", "identity_mismatch", "17840000000000001", "the handle belongs to 17840000000000002"),
    ("mahatmiya", "instagram", "renamed", "demo_lama", "demo_<baru>"),
    ("margo-laras", "facebook", "manual_waiting", "", "1,2 rb"),
    ("kartini", "x", "manual_differs", "12300", "13,4 rb"),
    ("kartini", "youtube", "under_review", "tim data", ""),
]

# programme, labels, current
PROGRAMS: list[tuple[Any, ...]] = [
    ("YAPI", "ATENSI Yatim Piatu", "Assistance for orphans", True),
    ("PENA", "Pahlawan Ekonomi Nusantara", "Economic heroes (micro-enterprise)", True),
    ("RASTRA", "Program lama", "A programme that ended", False),
]

# programme: posts of the centers in their order; None: unknown, -1: no verified account
COVERAGE: dict[str, list[int | None]] = {
    "YAPI": [2, 1, 0, 0, 3, None, None, 0, -1],
    "PENA": [1, 1, 1, 1, 1, 1, 1, 0, -1],
    "RASTRA": [0, 0, 0, 0, 0, 0, 0, 0, 0],
}

# rule, labels, severity, subject, first and last day before DAY
QUALITY: list[tuple[Any, ...]] = [
    ("missing_day", "Hari tanpa pembacaan", "Day without a capture", "warn", "mahatmiya-x", 2, 0),
    ("missing_day", "Hari tanpa pembacaan", "Day without a capture", "warn", "margo-laras-facebook", 11, 0),
    ("overlapping_rows", "Baris registri tumpang tindih", "Overlapping registry rows", "stop", "kartini-x", 0, 0),
    ("sudden_drop", "Pengikut turun tajam", "Sudden drop in followers", "warn", "kartini-x", 9, 8),
]

PLATFORMS = {"youtube": "YouTube", "facebook": "Facebook", "instagram": "Instagram", "x": "X", "tiktok": "TikTok"}


def create_example_marts(url: str, source: str = "simulator") -> None:
    """Create the marts of the example in a migrated warehouse; boards of DAY, chart days since FIRST_DAY."""
    with psycopg.connect(url) as connection:
        connection.execute("set role social_metrics_transformer")
        connection.execute(TABLES)
        for platform, label in PLATFORMS.items():
            _insert(connection, "dim_platforms", (platform, label, "pengikut", None, None))
        for code, name, city, zone, letters in CENTERS:
            dated = (None, None, True)
            _insert(
                connection,
                "dim_centers",
                (code, name, "sentra", city, "Jawa", "ID-JT", zone, letters, "verified", *dated),
            )
        _insert_followers(connection, source)
        _insert_recency(connection, source)
        for center, platform, finding, known, seen in FINDINGS:
            found = (f"{center}-{platform}", center, platform, DAY, finding, known or None, seen or None, DAY)
            _insert(connection, "fct_account_findings", found)
        _insert_messages_and_health(connection)
        for center, platform, expected, outcome, captured, step, state, age in ACCOUNTS:
            code = f"{center}-{platform}"
            row = (center, platform, code, DAY, expected, outcome, None, step, captured, source)
            _insert(connection, "fct_capture_completeness", row)
            if expected:
                count = 100 if state == "reported" else None
                at = CAPTURED_AT if state else None
                _insert(
                    connection,
                    "fct_follower_growth_daily",
                    (code, center, platform, DAY, count, state, at, age, source),
                )


def _insert_followers(connection: psycopg.Connection, source: str) -> None:
    names = {center[0]: center[1] for center in CENTERS}
    for order, row in enumerate(FOLLOWERS, 1):
        code, count, top, best, worst, why, expected, captured, carried, hidden, complete, change, low, high = row
        measurable = None if change is None else not (low <= 0 <= high and low != high)
        at = CAPTURED_AT if count else None
        board = (DAY, "all_platforms", code, names[code], count, top, best, worst, order, why is None, why, expected)
        board += (captured, carried, hidden, complete, change, measurable, None, at, source)
        _insert(connection, "leaderboard_followers", board)
        for age in range(60):
            past = DAY - timedelta(days=age)
            is_gap = count is None or (code == "soeharso" and 20 <= age < 25)
            then = None if is_gap or count is None else count - 7 * age
            upper = None if then is None else then + (top - count)
            changes = (change, low, high, measurable) if age == 0 else (None, None, None, None)
            _insert(
                connection,
                "fct_center_daily",
                (code, past, then, upper, captured, carried if age == 0 else 0, *changes, *BY_PEOPLE.get(code, (0, 0))),
            )


def _insert_recency(connection: psycopg.Connection, source: str) -> None:
    names = {center[0]: (center[1], center[3]) for center in CENTERS}
    captured_at = datetime(2024, 1, 31, 20, 0, tzinfo=WIB)
    for order, (code, hours, platform, days, band, updated, place, why, unseen) in enumerate(RECENCY, 1):
        name, zone = names[code]
        at = None if hours is None else captured_at - timedelta(hours=hours)
        url = None if hours is None else f"https://social.example/{code}/1"
        row = (DAY, "any_post", code, name, zone, at, platform, url, days, band, updated, place, place, order)
        row += (why is None, why, unseen, 1 if not unseen else 0.5, source)
        _insert(connection, "leaderboard_recency", row)


def _insert_messages_and_health(connection: psycopg.Connection) -> None:
    for program in PROGRAMS:
        _insert(connection, "dim_programs", program)
        for (code, *_), posts in zip(CENTERS, COVERAGE[program[0]], strict=True):
            state = {None: "unknown", 0: "not_covered", -1: "no_verified_account"}.get(posts, "covered")
            row = (code, program[0], DAY.replace(day=1), DAY, max(posts or 0, 0), state)
            _insert(connection, "fct_program_coverage", row)
    for rule, label_id, label_en, severity, subject, first, last in QUALITY:
        found = (DAY - timedelta(days=first), DAY - timedelta(days=last))
        _insert(connection, "fct_data_quality_findings", (rule, label_id, label_en, severity, subject, *found))
    for account, days_left in (("kartini-tiktok", 200), ("handayani-tiktok", 6)):
        _insert(connection, "fct_credential_status", (account, "tiktok", days_left))
    for platform, day, calls, share, usd, days in (
        ("youtube", DAY, 62, 0.0062, None, None),
        ("x", DAY - timedelta(days=1), 40, None, "11.5", 77),
        ("x", DAY, 44, None, "12.75", 68),
    ):
        _insert(connection, "fct_api_spend_daily", (platform, day, calls, share, usd, days))


def _insert(connection: psycopg.Connection, table: str, row: tuple[Any, ...]) -> None:
    connection.execute(f"insert into marts.{table} values ({', '.join(['%s'] * len(row))})", row)
