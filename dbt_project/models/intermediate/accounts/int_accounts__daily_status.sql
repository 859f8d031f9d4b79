{{ config(
    materialized='incremental', meta={'rebuilt_by': 'account'},
    indexes=[{'columns': ['date_day']}, {'columns': ['account_code', 'date_day'], 'unique': true}]
) }}
-- Grain: account × WIB date on which it is expected: what it contributes to its center that day.
with last_captures as (

    select
        spine.account_code,
        spine.center_code,
        spine.platform,
        spine.date_day,
        spine.day_no,
        max(captures.day_no) over (
            partition by spine.account_code
            order by spine.day_no
            range between {{ var('carry_days') }} preceding and current row
        ) as capture_day_no
    from {{ ref('int_accounts__daily_spine') }} as spine
    left join {{ ref('int_profile_snapshots__daily_latest') }} as captures
        on spine.account_code = captures.account_code and spine.day_no = captures.day_no
    {{ and_since_rebuild_start('account', 'captures.date_day', var('carry_days')) }}
    {{ join_to_rebuild('account', 'spine.account_code', 'spine.date_day', var('carry_days')) }}

)

select
    last_captures.account_code,
    last_captures.center_code,
    last_captures.platform,
    last_captures.date_day,
    -- An account whose identity is in doubt is left out, and marked.
    case
        when suspensions.account_code is not null then 'suspended'
        when captures.day_no is null then 'failed'
        when captures.followers_state <> 'reported' then 'hidden'
        when captures.day_no < last_captures.day_no then 'carried'
        else 'captured'
    end as status,
    coalesce(captures.day_no = last_captures.day_no, false) as is_read,
    coalesce(captures.is_manual, false) as is_manual,
    case when suspensions.account_code is null then captures.followers_count end as followers_count,
    case
        when suspensions.account_code is null
            then captures.followers_count + captures.followers_precision_step - 1
    end as followers_count_high,
    captures.date_day as capture_date,
    captures.captured_at
from last_captures
{{ join_to_rebuild('account', 'last_captures.account_code', 'last_captures.date_day') }}
left join {{ ref('int_profile_snapshots__daily_latest') }} as captures
    on
        last_captures.account_code = captures.account_code
        and last_captures.capture_day_no = captures.day_no
{{ and_since_rebuild_start('account', 'captures.date_day', 2 * var('carry_days')) }}
left join {{ ref('int_accounts__daily_suspensions') }} as suspensions
    on
        last_captures.account_code = suspensions.account_code
        and last_captures.date_day = suspensions.date_day
{{ and_since_rebuild_start('account', 'suspensions.date_day') }}
