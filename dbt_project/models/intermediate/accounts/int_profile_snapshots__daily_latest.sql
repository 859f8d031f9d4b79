{{ config(
    materialized='incremental', meta={'rebuilt_by': 'account'},
    indexes=[{'columns': ['account_code', 'day_no'], 'unique': true}, {'columns': ['date_day']}]
) }}
-- Grain: account × WIB date with a capture; of several the one captured last, whatever the order of loading.
with ranked as (

    select
        snapshots.*,
        row_number() over (
            partition by snapshots.account_code, snapshots.as_of_date
            order by snapshots.captured_at desc, snapshots.attempt_id desc
        ) as place
    from {{ ref('stg_social__profile_snapshots') }} as snapshots
    {{ join_to_rebuild('account', 'snapshots.account_code', 'snapshots.captured_at', unit='instant') }}

),

daily_captures as (

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
        cast(null as {{ type_of('text') }}) as handle_seen,
        source,
        true as is_manual
    from {{ ref('int_manual_entries__accepted') }}

),

before as (

    -- The last capture before the days to rebuild, whose series continues.
    {% if is_incremental() %}
    select
        to_rebuild.account_code,
        last.metric_definition_id,
        last.series_no
    from {{ to_rebuild('account') }} as to_rebuild
    inner join lateral (
        select
            rows.metric_definition_id,
            rows.series_no
        from {{ this }} as rows
        where rows.account_code = to_rebuild.account_code and rows.day_no < to_rebuild.day_no
        order by rows.day_no desc
        limit 1
    ) as last on true
    {% else %}
    select
        cast(null as {{ type_of('text') }}) as account_code,
        cast(null as {{ type_of('text') }}) as metric_definition_id,
        cast(null as bigint) as series_no
    where false
    {% endif %}

),

numbered as (

    select
        spine.account_code,
        spine.date_day,
        spine.day_no,
        daily_captures.followers_count,
        daily_captures.followers_precision_step,
        daily_captures.followers_state,
        daily_captures.metric_definition_id,
        daily_captures.captured_at,
        daily_captures.handle_seen,
        daily_captures.source,
        daily_captures.is_manual,
        coalesce(
            lag(daily_captures.metric_definition_id) over (partition by spine.account_code order by spine.day_no),
            before.metric_definition_id
        ) as previous_metric_definition_id,
        coalesce(before.series_no, 0) as earlier_series_no
    from {{ ref('int_accounts__daily_spine') }} as spine
    inner join daily_captures
        on
            spine.account_code = daily_captures.account_code
            and spine.date_day = daily_captures.as_of_date
    left join before on spine.account_code = before.account_code
    {{ join_to_rebuild('account', 'spine.account_code', 'spine.date_day') }}

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
    cast(
        earlier_series_no
        + sum(case when metric_definition_id <> previous_metric_definition_id then 1 else 0 end) over (
            partition by account_code order by day_no
        ) as bigint
    ) as series_no,
    captured_at,
    handle_seen,
    source,
    is_manual
from numbered
