"""Exceptions of a month: what limits its figures, found in the month's own marts."""

from datetime import date

import psycopg
from psycopg import sql

# The marts are the temporary ones of `recompute.rebuild`. One row per center, account and cause, with its days.
_EXCEPTIONS = """
insert into audit.exceptions
    (month_start, version, exception_no, center_code, account_code, kind, detail, days, first_date, last_date)
select {month}, {version}, row_number() over (order by center_code, kind, account_code nulls first, detail, first_date),
    center_code, account_code, kind, detail, days, first_date, last_date
from (
    select center_code, account_code,
        case when is_expected then 'not_captured' else 'no_account' end as kind,
        outcome as detail, count(*)::integer as days, min(date_day) as first_date, max(date_day) as last_date
    from pg_temp.marts__fct_capture_completeness
    where date_day >= {month} and date_day < ({month} + interval '1 month')::date and not is_captured
    group by 1, 2, 3, 4
    union all
    select center_code, account_code, 'count_withheld', followers_state, count(*)::integer,
        min(date_day), max(date_day)
    from pg_temp.marts__fct_follower_growth_daily
    where date_day >= {month} and date_day < ({month} + interval '1 month')::date
        and followers_state is distinct from 'reported' and is_captured
    group by 1, 2, 4
    union all
    select center_code, account_code, 'entered_by_hand', null, count(*)::integer, min(date_day), max(date_day)
    from pg_temp.marts__fct_follower_growth_daily
    where date_day >= {month} and date_day < ({month} + interval '1 month')::date and is_manual
    group by 1, 2
    union all
    select center_code, account_code, 'definition_break', metric_definition_id, null, min(date_day), min(date_day)
    from (
        select *, lag(metric_definition_id) over (partition by account_code order by date_day) as before
        from pg_temp.marts__fct_follower_growth_daily where metric_definition_id is not null
    ) as definitions
    where date_day >= {month} and date_day < ({month} + interval '1 month')::date and metric_definition_id <> before
    group by 1, 2, 4
    union all
    select center_code, account_code, finding, concat_ws(' → ', known_value, seen_value), count(*)::integer,
        min(date_day), max(date_day)
    from pg_temp.marts__fct_account_findings
    where date_day >= {month} and date_day < ({month} + interval '1 month')::date
    group by 1, 2, 3, 4
    union all
    select center_code, account_code, 'handle_changed', before || ' → ' || handle, null, valid_from, valid_from
    from ({registered}) as registered
    where valid_from >= {month} and valid_from < ({month} + interval '1 month')::date and lower(handle) <> lower(before)
    union all
    select center_code, account_code, 'account_closed', status, null, valid_from, valid_from
    from ({registered}) as registered
    where valid_from >= {month} and valid_from < ({month} + interval '1 month')::date
        and status in ('closed', 'suspended') and status_before = 'verified'
    union all
    select center_code, account_code, 'account_closed', 'no longer in the registry', null, valid_to + 1, valid_to + 1
    from ({registered}) as registered
    where valid_to >= {month} and valid_to < ({month} + interval '1 month')::date
        and status = 'verified' and following is null
    union all
    select center_code, null, 'without_growth', growth_null_reason, null, null, null
    from pg_temp.marts__fct_center_monthly where month_start = {month} and growth_null_reason is not null
    union all
    select center_code, null, 'growth_within_rounding', growth_low || ' … ' || growth_high, null, null, null
    from pg_temp.marts__fct_center_monthly where month_start = {month} and not growth_is_measurable
    union all
    select center_code, null, 'without_number', end_incomplete_reason, null, null, null
    from pg_temp.marts__fct_center_monthly where month_start = {month} and end_incomplete_reason is not null
) as found
"""

_REGISTERED = """
select *,
    lag(handle) over (partition by account_code order by valid_from nulls first) as before,
    lag(status) over (partition by account_code order by valid_from nulls first) as status_before,
    lead(account_code) over (partition by account_code order by valid_from nulls first) as following
from pg_temp.staging__stg_registry__center_accounts
"""


def store_exceptions(connection: psycopg.Connection, month_start: date, version: int) -> None:
    """Write the exceptions of a version, numbered; within the transaction that has rebuilt the month."""
    connection.execute(
        sql.SQL(_EXCEPTIONS).format(
            registered=sql.SQL(_REGISTERED),
            month=sql.SQL("{}::date").format(sql.Literal(month_start.isoformat())),
            version=sql.Literal(version),
        )
    )
