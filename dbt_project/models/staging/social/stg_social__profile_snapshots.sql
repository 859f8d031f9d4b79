-- Grain: account × attempt that got a profile.
with source as (

    select * from {{ source('raw', 'profile_snapshots') }}

),

retained as (

    -- A count past its retention is NULL for every reader; the row still shows that the account was read.
    select *, coalesce(expires_at <= {{ retention_as_of() }}, false) as is_expired from source

)

select
    attempt_id,
    account_code,
    platform,
    response_id,
    run_id,
    handle_seen,
    platform_account_id_seen,
    case when not is_expired then followers_count end as followers_count,
    case when not is_expired then followers_precision_step end as followers_precision_step,
    case when is_expired then 'retention_expired' else followers_state end as followers_state,
    case when not is_expired then following_count end as following_count,
    case when not is_expired then posts_count end as posts_count,
    case when not is_expired then views_count end as views_count,
    metric_definition_id,
    authorization_mode,
    source,
    try_number,
    captured_at,
    {{ as_of_date('captured_at') }} as as_of_date,
    expires_at,
    loaded_at
from retained
