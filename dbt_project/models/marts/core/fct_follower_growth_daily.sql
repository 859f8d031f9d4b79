{{ config(
    materialized='incremental', meta={'rebuilt_by': 'account'}, indexes=[
        {'columns': ['date_day', 'change_7d']}, {'columns': ['center_code', 'date_day']}
    ]
) }}
-- Grain: account × WIB date on which it is expected.
{% set windows = var('growth_windows') %}
{% set periods = var('growth_periods') %}

with reported as (

    select * from {{ ref('int_profile_snapshots__daily_latest') }}
    where followers_state = 'reported'

),

window_baselines as (

    {% if is_incremental() %}
    -- The latest reported count of each window, looked up: a few days need no pass over all days.
    select
        reported.account_code,
        {% for window in windows %}
        baseline_{{ window.name }}.day_no as day_no_{{ window.name }},
        baseline_{{ window.name }}.followers_count as count_{{ window.name }},
        baseline_{{ window.name }}.followers_precision_step as step_{{ window.name }},
        baseline_{{ window.name }}.series_no as series_no_{{ window.name }},
        {% endfor %}
        reported.day_no
    from reported
    {{ join_to_rebuild('account', 'reported.account_code', 'reported.date_day') }}
    {% for window in windows %}
    left join lateral (
        select
            baselines.day_no,
            baselines.followers_count,
            baselines.followers_precision_step,
            baselines.series_no
        from {{ ref('int_profile_snapshots__daily_latest') }} as baselines
        where
            baselines.account_code = reported.account_code
            and baselines.followers_state = 'reported'
            and baselines.day_no >= reported.day_no - {{ window.days + window.tolerance_days }}
            and baselines.day_no <= reported.day_no - {{ window.days }}
        order by baselines.day_no desc
        limit 1
    ) as baseline_{{ window.name }} on true
    {% endfor %}
    {% else %}
    -- The same in one pass over all days: frames over integer days.
    select
        account_code,
        {% for window in windows %}
        last_value(day_no) over {{ baseline_frame(window) }} as day_no_{{ window.name }},
        last_value(followers_count) over {{ baseline_frame(window) }} as count_{{ window.name }},
        last_value(followers_precision_step) over {{ baseline_frame(window) }} as step_{{ window.name }},
        last_value(series_no) over {{ baseline_frame(window) }} as series_no_{{ window.name }},
        {% endfor %}
        day_no
    from reported
    {% endif %}

),

before as (

    -- The last day with a count before the days to rebuild.
    {% if is_incremental() %}
    select
        to_rebuild.account_code,
        last.day_no
    from {{ to_rebuild('account') }} as to_rebuild
    inner join lateral (
        select captures.day_no
        from {{ ref('int_profile_snapshots__daily_latest') }} as captures
        where
            captures.account_code = to_rebuild.account_code
            and captures.day_no < to_rebuild.day_no
            and captures.followers_state = 'reported'
        order by captures.day_no desc
        limit 1
    ) as last on true
    {% else %}
    select
        cast(null as {{ type_of('text') }}) as account_code,
        cast(null as integer) as day_no
    where false
    {% endif %}

),

known as (

    select
        spine.account_code,
        spine.center_code,
        spine.platform,
        spine.date_day,
        spine.day_no,
        captures.followers_count,
        captures.followers_precision_step,
        captures.followers_state,
        captures.metric_definition_id,
        captures.series_no,
        captures.captured_at,
        captures.is_manual,
        {% for window in windows %}
        window_baselines.day_no_{{ window.name }},
        window_baselines.count_{{ window.name }},
        window_baselines.step_{{ window.name }},
        window_baselines.series_no_{{ window.name }},
        {% endfor %}
        {% for period in periods %}
        {{ period.name }}.day_no as day_no_{{ period.name }},
        {{ period.name }}.followers_count as count_{{ period.name }},
        {{ period.name }}.followers_precision_step as step_{{ period.name }},
        {{ period.name }}.series_no as series_no_{{ period.name }},
        {% endfor %}
        coalesce(
            max(case when captures.followers_state = 'reported' then captures.day_no end) over (
                partition by spine.account_code order by spine.day_no
            ),
            before.day_no
        ) as reported_day_no
    from {{ ref('int_accounts__daily_spine') }} as spine
    left join {{ ref('int_profile_snapshots__daily_latest') }} as captures
        on spine.account_code = captures.account_code and spine.day_no = captures.day_no
    {{ and_since_rebuild_start('account', 'captures.date_day') }}
    left join window_baselines
        on spine.account_code = window_baselines.account_code and spine.day_no = window_baselines.day_no
    {% for period in periods %}
    left join {{ ref('int_followers__period_baselines') }} as {{ period.name }}
        on
            spine.account_code = {{ period.name }}.account_code
            and spine.{{ period.starts_on }} = {{ period.name }}.period_start
            and captures.followers_state = 'reported'
    {% endfor %}
    left join before on spine.account_code = before.account_code
    {{ join_to_rebuild('account', 'spine.account_code', 'spine.date_day') }}

),

bounded as (

    -- A change of definition between baseline and today leaves no number.
    select
        {% for name in growth_names() %}
        known.series_no = known.series_no_{{ name }} as is_one_series_{{ name }},
        {{ change_low('known.count_' ~ name, 'known.step_' ~ name, 'known.followers_count') }} as low_{{ name }},
        {{ change_high('known.count_' ~ name, 'known.followers_count', 'known.followers_precision_step') }}
            as high_{{ name }},
        {% endfor %}
        known.*
    from known

)

select
    bounded.account_code,
    bounded.center_code,
    bounded.platform,
    bounded.date_day,
    bounded.followers_count,
    bounded.followers_precision_step,
    bounded.followers_state,
    bounded.followers_state is not null as is_captured,
    outcomes.outcome,
    bounded.captured_at,
    bounded.day_no - bounded.reported_day_no as capture_age_days,
    bounded.metric_definition_id,
    coalesce(bounded.is_manual, false) as is_manual,
    {% for name in growth_names() %}
    case when bounded.is_one_series_{{ name }} then bounded.followers_count - bounded.count_{{ name }} end
        as change_{{ name }},
    case
        when bounded.is_one_series_{{ name }} and bounded.count_{{ name }} >= {{ var('percent_baseline_minimum') }}
            then round(100.0 * (bounded.followers_count - bounded.count_{{ name }}) / bounded.count_{{ name }}, 4)
    end as change_{{ name }}_pct,
    case when bounded.is_one_series_{{ name }} then bounded.low_{{ name }} end as change_{{ name }}_low,
    case when bounded.is_one_series_{{ name }} then bounded.high_{{ name }} end as change_{{ name }}_high,
    case
        when bounded.is_one_series_{{ name }}
            then {{ is_measurable('bounded.low_' ~ name, 'bounded.high_' ~ name) }}
    end as change_{{ name }}_is_measurable,
    bounded.date_day - cast(bounded.day_no - bounded.day_no_{{ name }} as integer) as change_{{ name }}_baseline_date,
    bounded.count_{{ name }} as change_{{ name }}_baseline_count,
    case
        when bounded.followers_state is null then 'not_captured'
        when bounded.followers_state <> 'reported' then bounded.followers_state
        when bounded.count_{{ name }} is null then 'no_baseline'
        when not bounded.is_one_series_{{ name }} then 'definition_break'
    end as change_{{ name }}_null_reason,
    {% endfor %}
    outcomes.source
from bounded
inner join {{ ref('int_accounts__daily_outcomes') }} as outcomes
    on bounded.account_code = outcomes.account_code and bounded.date_day = outcomes.date_day
{{ and_since_rebuild_start('account', 'outcomes.date_day') }}
