-- Grain: account × dated row; a row verified after its first date is two rows, `submitted` until that day (ADR 30).
with source as (

    select * from {{ ref('center_accounts') }}

),

dated as (

    select
        *,
        'submitted' as status_then,
        valid_from as first_date,
        least(valid_to, verified_at - 1) as last_date
    from source
    where status = 'verified' and (valid_from is null or valid_from < verified_at) and verified_at is not null
    union all
    select
        *,
        status as status_then,
        case when status = 'verified' then greatest(valid_from, verified_at) else valid_from end as first_date,
        valid_to as last_date
    from source
    where status <> 'verified' or coalesce(verified_at <= valid_to, true)

)

select
    account_code,
    center_code,
    platform,
    platform_account_id,
    handle,
    url,
    owner_unit,
    contact_role,
    status_then as status,
    verified_by,
    verified_at,
    evidence_ref,
    review_due_at,
    first_date as valid_from,
    last_date as valid_to,
    -- The row whose center the posts of a date belong to; one of every date, also before all rows and in gaps.
    case when row_number() over of_account > 1 then first_date end as owned_from,
    lead(first_date) over of_account - 1 as owned_until,
    min(center_code) over (partition by account_code) <> max(center_code) over (partition by account_code) as has_moved
from dated
window of_account as (partition by account_code order by first_date nulls first, last_date nulls last)
