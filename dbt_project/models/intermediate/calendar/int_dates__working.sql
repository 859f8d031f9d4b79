-- Grain: WIB date of the facts, with the number of working days up to it.
with days as (

    select
        days.date_day,
        holidays.label_id as holiday_label_id,
        {{ iso_weekday('days.date_day') }} < 6 and holidays.date_day is null as is_working_day
    from {{ ref('int_dates__reporting') }} as days
    left join {{ ref('holidays') }} as holidays on days.date_day = holidays.date_day

)

select
    date_day,
    holiday_label_id,
    is_working_day,
    count(*) filter (where is_working_day) over (order by date_day) as working_day_no
from days
