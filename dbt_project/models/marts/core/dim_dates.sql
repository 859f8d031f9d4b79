-- Grain: calendar date, whole years around the facts.
with bounds as (

    select
        min(year_start) as first_day,
        cast(max(year_start) + interval '1 year' as date) - 1 as last_day
    from {{ ref('int_dates__reporting') }}

),

days as (

    select {{ every_day('first_day', 'last_day') }} as date_day from bounds

),

parts as (

    select
        date_day,
        {{ iso_weekday('date_day') }} as iso_weekday,
        cast(extract(week from date_day) as integer) as iso_week,
        -- The year of the week's Thursday, which around 1 January is not the calendar's.
        cast(extract(year from date_day + (4 - {{ iso_weekday('date_day') }})) as integer) as iso_year,
        cast(extract(month from date_day) as integer) as month_number,
        {{ month_start('date_day') }} as month_start,
        {{ year_start('date_day') }} as year_start
    from days

)

select
    parts.date_day,
    {{ day_no('parts.date_day') }} as day_no,
    parts.iso_week,
    parts.iso_year,
    parts.month_start,
    parts.year_start,
    weekdays.name_id as day_name_id,
    months.name_id as month_name_id,
    parts.iso_weekday in (6, 7) as is_weekend,
    {{ month_start('parts.date_day + 1') }} <> parts.month_start as is_month_end
from parts
inner join {{ ref('calendar_names') }} as weekdays
    on weekdays.kind = 'day' and parts.iso_weekday = weekdays.number
inner join {{ ref('calendar_names') }} as months
    on months.kind = 'month' and parts.month_number = months.number
