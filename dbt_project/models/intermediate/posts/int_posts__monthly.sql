{{ config(
    materialized='incremental',
    meta={'rebuilt_by': 'account', 'rebuilt_unit': 'month'},
    indexes=[{'columns': ['month_start']}]
) }}
-- Grain: post in the month of its publication × center to which it counts, as known at that month's end.
with counted as (

    -- Posts count in the months in which the account was expected, unless its identity is in doubt.
    select
        accounts.account_code,
        accounts.center_code,
        accounts.platform,
        accounts.month_start,
        months.known_on_date,
        periods.post_id,
        periods.published_at,
        periods.published_date,
        periods.first_seen_at
    from {{ ref('int_accounts__months') }} as accounts
    {{ join_to_rebuild('account', 'accounts.account_code', 'accounts.month_start', unit='month') }}
    inner join {{ ref('int_centers__months') }} as months
        on accounts.center_code = months.center_code and accounts.month_start = months.month_start
    inner join {{ ref('int_posts__known_periods') }} as periods
        on
            accounts.account_code = periods.account_code
            and accounts.center_code = periods.center_code
            and accounts.month_start = {{ month_start('periods.published_date') }}
            and months.known_on_date >= periods.counted_from
            and (periods.counted_until is null or months.known_on_date < periods.counted_until)
    {{ and_since_rebuild_start('account', 'periods.published_date', unit='month') }}
    where not accounts.is_in_doubt

),

moved as (

    -- Interactions come from the last observation by an API; absences and manual entries have none.
    select
        counted.account_code,
        counted.center_code,
        counted.month_start,
        counted.post_id,
        case
            when coalesce(observations.like_count, observations.comment_count, observations.share_count) is not null
                then
                    coalesce(observations.like_count, 0)
                    + coalesce(observations.comment_count, 0)
                    + coalesce(observations.share_count, 0)
        end as interactions,
        row_number() over (
            partition by counted.account_code, counted.center_code, counted.month_start, counted.post_id
            order by observations.captured_at desc, observations.response_id desc
        ) as place
    from counted
    {% if is_incremental() %}
    cross join
        lateral (
            select seen.*
            from {{ ref('stg_social__posts') }} as seen
            where
                seen.account_code = counted.account_code
                and seen.post_id = counted.post_id
                and seen.captured_at >= counted.first_seen_at
            offset 0
        ) as observations
    {% else %}
    inner join {{ ref('stg_social__posts') }} as observations
        on counted.account_code = observations.account_code and counted.post_id = observations.post_id
    {% endif %}
    where counted.known_on_date >= observations.as_of_date and observations.presence = 'seen'

)

select
    counted.account_code,
    counted.center_code,
    counted.platform,
    counted.month_start,
    counted.post_id,
    counted.published_at,
    counted.published_date,
    moved.interactions
from counted
left join moved
    on
        counted.account_code = moved.account_code
        and counted.center_code = moved.center_code
        and counted.month_start = moved.month_start
        and counted.post_id = moved.post_id
        and moved.place = 1
