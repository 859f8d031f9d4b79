"""Marts against the oracle, column by column."""

from tests.dbt.reference.oracle import Rows
from tests.support.dbt_runner import Warehouse

KEYS = {
    "fct_follower_growth_daily": ("account_code", "date_day"),
    "fct_posting_recency_daily": ("account_code", "date_day"),
    "fct_posts": ("account_code", "post_id"),
    "fct_capture_completeness": ("account_code", "date_day"),
    "fct_center_daily": ("center_code", "date_day"),
    "fct_center_platform_daily": ("center_code", "date_day", "platform"),
    "fct_platform_daily": ("platform", "date_day"),
    "leaderboard_followers": ("date_day", "scope", "center_code"),
    "leaderboard_recency": ("date_day", "scope", "center_code"),
    "fct_post_tags": ("account_code", "post_id", "tag_kind", "cluster_scheme", "tag"),
    "fct_program_coverage": ("center_code", "program", "month_start"),
    "fct_campaign_synchrony": ("campaign_code", "center_code"),
    "fct_center_monthly": ("center_code", "month_start"),
    "fct_recency_as_is": ("account_code", "date_day"),
    "fct_account_findings": ("account_code", "date_day", "finding"),
    "fct_api_spend_daily": ("platform", "quota_date"),
    "fct_credential_status": ("account_code",),
    "fct_data_quality_findings": ("rule_id", "subject", "first_found_date"),
}


def differences(warehouse: Warehouse, expected_marts: dict[str, Rows]) -> list[str]:
    """Every value on which marts and oracle disagree, in words; rows that only one of them has included.

    A board is compared on the scopes that the oracle was asked for.
    """
    found = []
    for mart, expected in expected_marts.items():
        scopes = {row.get("scope") for row in expected.values()}
        built = {
            tuple(row[column] for column in KEYS[mart]): row
            for row in warehouse.rows(f"marts.{mart}")
            if not expected or row.get("scope") in scopes
        }
        found += [f"{mart} {_key_text(key)} is not there" for key in expected.keys() - built.keys()]
        found += [f"{mart} {_key_text(key)} should not be there" for key in built.keys() - expected.keys()]
        for key in expected.keys() & built.keys():
            columns = expected[key].keys() | built[key].keys()
            found += [
                f"{mart} {_key_text(key)}.{column} is {built[key].get(column, '(no column)')!r}, "
                f"the oracle says {expected[key].get(column, '(no column)')!r}"
                for column in columns
                if column not in expected[key]
                or column not in built[key]
                or expected[key][column] != built[key][column]
            ]
    return sorted(found)


def _key_text(key: tuple[object, ...]) -> str:
    return "/".join(str(part) for part in key)
