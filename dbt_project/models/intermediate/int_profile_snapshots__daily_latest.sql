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

readings as (

    select
        account_code,
        as_of_date,
        followers_count,
        followers_precision_step,
        followers_state,
        metric_definition_id,
        captured_at,
        handle_seen,
        source,
        false as is_manual
    from ranked
    where place = 1
    union all
    select
        account_code,
        as_of_date,
        followers_count,
        followers_precision_step,
        followers_state,
        metric_definition_id,
        observed_at as captured_at,
        cast(null as text) as handle_seen,
        source,
        true as is_manual
    from {{ ref('int_manual_entries__standing') }}

),

standing as (

    select
        spine.account_code,
        spine.date_day,
        spine.day_no,
        readings.followers_count,
        readings.followers_precision_step,
        readings.followers_state,
        readings.metric_definition_id,
        readings.captured_at,
        readings.handle_seen,
        readings.source,
        readings.is_manual,
        lag(readings.metric_definition_id) over (
            partition by spine.account_code order by spine.day_no
        ) as previous_metric_definition_id
    from {{ ref('int_accounts__daily_spine') }} as spine
    inner join readings
        on
            spine.account_code = readings.account_code
            and spine.date_day = readings.as_of_date

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
    handle_seen,
    source,
    is_manual
from standing
