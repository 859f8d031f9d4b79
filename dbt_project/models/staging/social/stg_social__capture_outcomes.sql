-- Grain: account × attempt.
with source as (

    select * from {{ source('raw', 'capture_outcomes') }}

)

select
    attempt_id,
    account_code,
    platform,
    response_id,
    run_id,
    outcome,
    detail,
    next_step,
    posts_read,
    -- "unchanged" is an observation as well: the platform's own post count did not move.
    posts_read in ('listed', 'unchanged') as is_observation,
    posts_seen,
    source,
    try_number,
    attempted_at,
    {{ as_of_date('attempted_at') }} as as_of_date,
    retry_at,
    loaded_at
from source
