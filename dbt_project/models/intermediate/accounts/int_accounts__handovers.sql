-- Grain: account × dated row of another account of the same channel (one platform id): when that account held it.
with channel_rows as (

    select
        account_code,
        platform,
        platform_account_id,
        valid_from,
        min(coalesce(valid_from, cast('0001-01-01' as date))) over (partition by account_code) as first_date
    from {{ ref('stg_registry__center_accounts') }}
    where platform_account_id is not null and status <> 'closed'

),

held as (

    select
        *,
        case when row_number() over of_channel > 1 then valid_from end as held_from,
        lead(valid_from) over of_channel - 1 as held_until
    from channel_rows
    window of_channel as (
        partition by platform, platform_account_id
        order by valid_from nulls first, {{ bytewise("account_code") }}
    )

),

codes as (

    select distinct
        account_code,
        platform,
        platform_account_id,
        first_date
    from channel_rows

)

select
    codes.account_code,
    others.account_code as other_account_code,
    others.held_from,
    others.held_until,
    others.held_from is null or others.held_from < codes.first_date as is_earlier
from codes
inner join held as others
    on
        codes.platform = others.platform
        and codes.platform_account_id = others.platform_account_id
        and codes.account_code <> others.account_code
