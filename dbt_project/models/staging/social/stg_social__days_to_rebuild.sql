-- Grain: evidence that came since the marts were built, by account and date.
select
    reopened_id,
    account_code,
    as_of_date,
    cause,
    build_id
from {{ source('builds', 'reopened_days') }}
