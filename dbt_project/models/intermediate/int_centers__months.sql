-- Grain: center × month in which it existed on a reporting day.
with days as (

    select
        center_code,
        date_day,
        {{ month_start('date_day') }} as month_start
    from {{ ref('int_centers__daily_spine') }}

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
    center_code,
    month_start,
    first_date,
    known_on_date,
    -- The month of the last reporting day is not over: a sweep may still come, and so may its other days.
    month_start = {{ month_start(through_date()) }} as is_provisional
from months
