-- Grain: WIB date, from the first to the last day of the facts.
with evidence as (

    select as_of_date from {{ ref('stg_social__capture_outcomes') }}
    union all
    select as_of_date from {{ ref('stg_social__profile_snapshots') }}
    union all
    select as_of_date from {{ ref('stg_social__posts') }}
    union all
    select as_of_date from {{ ref('stg_social__manual_entries') }}

),

bounds as (

    select
        -- A given date saves the search through all evidence.
        coalesce({{ day_of('from_date') }}, (select min(as_of_date) from evidence)) as first_day,
        coalesce({{ day_of('through_date') }}, (select max(as_of_date) from evidence)) as last_day

),

days as (

    select
        {{ every_day('first_day', 'last_day') }} as date_day,
        last_day
    from bounds

)

select
    date_day,
    {{ day_no('date_day') }} as day_no,
    {{ month_start('date_day') }} as month_start,
    {{ year_start('date_day') }} as year_start,
    -- Nothing is missed until the day is over: a retry run may follow.
    date_day = last_day as is_open
from days
