{{ config(materialized='incremental', meta={'reopened_by': 'date'}, indexes=[{'columns': ['date_day']}]) }}
-- Grain: platform × WIB date on which an account there is expected: how many are, how many were captured, by what.
select
    platform,
    date_day,
    cast(count(*) as integer) as accounts_expected,
    cast(count(*) filter (where is_captured) as integer) as accounts_captured,
    max(source) as source
from {{ reopened_rows('date', ref('int_accounts__daily_outcomes')) }} as outcomes
group by platform, date_day
