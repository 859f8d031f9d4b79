{{ config(indexes=[{'columns': ['account_code', 'day_no'], 'unique': true}]) }}
-- Grain: account × WIB date with a capture; of several the latest stands, by capture and never by loading.
with ranked as (

    select
        *,
        row_number() over (
            partition by account_code, as_of_date
            order by captured_at desc, attempt_id desc
        ) as place
    from {{ ref('stg_social__profile_snapshots') }}

),

standing as (

    select
        spine.account_code,
        spine.date_day,
        spine.day_no,
        ranked.followers_count,
        ranked.followers_precision_step,
        ranked.followers_state,
        ranked.metric_definition_id,
        ranked.captured_at,
        ranked.source,
        lag(ranked.metric_definition_id) over (
            partition by spine.account_code order by spine.day_no
        ) as previous_metric_definition_id
    from {{ ref('int_accounts__daily_spine') }} as spine
    inner join ranked
        on
            spine.account_code = ranked.account_code
            and spine.date_day = ranked.as_of_date
            and ranked.place = 1

)

select
    account_code,
    date_day,
    day_no,
    followers_count,
    followers_precision_step,
    followers_state,
    metric_definition_id,
    -- Two captures belong to one series if and only if this number is the same.
    sum(case when metric_definition_id <> previous_metric_definition_id then 1 else 0 end) over (
        partition by account_code order by day_no
    ) as series_no,
    captured_at,
    source
from standing
