{{ config(
    materialized='incremental',
    meta={
        'rebuilt_by': 'center', 'rebuilt_unit': 'month',
        'rebuilt_from': "month_start + interval '1 month'"
    },
    indexes=[{'columns': ['center_code', 'month_start']}]
) }}
-- Grain: center × month in which it existed on a reporting day.
with days as (

    select
        center_code,
        date_day,
        {{ month_start('date_day') }} as month_start
    from {{ ref('int_centers__daily_spine') }}
    -- When a month begins, the month before it is no longer provisional.
    where true {{ and_since_rebuild_start('center', 'date_day', 62) }}

),

months as (

    select
        center_code,
        month_start,
        min(date_day) as first_date,
        max(date_day) as known_on_date
    from days
    group by center_code, month_start

)

select
    months.center_code,
    months.month_start,
    months.first_date,
    months.known_on_date,
    -- The month of the last reporting day is not over: a retry run may follow, and so may its other days.
    months.month_start = {{ month_start(through_date()) }} as is_provisional
from months
{{ join_to_rebuild(
    'center', 'months.center_code', "cast(months.month_start + interval '1 month' as date)", unit='month'
) }}
