-- Grain: evidence that arrived since the last build, by account and date.
select
    reopened_id as queue_id,
    account_code,
    as_of_date,
    cause,
    build_id
from {{ source('builds', 'reopened_days') }}
