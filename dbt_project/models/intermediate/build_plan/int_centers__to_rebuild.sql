-- Grain: center that an incremental build rebuilds, with the first WIB date to rebuild.
with reasons as (

    select
        accounts.center_code,
        to_rebuild.date_day
    from {{ ref('int_accounts__to_rebuild') }} as to_rebuild
    inner join {{ ref('stg_registry__center_accounts') }} as accounts on to_rebuild.account_code = accounts.account_code
    union all
    select
        center_code,
        {{ day_of('built_through') }} + 1 as date_day
    from {{ ref('stg_registry__centers') }}

)

select
    center_code,
    min(date_day) as date_day
from reasons
where date_day is not null
group by center_code
having min(date_day) <= {{ through_date() }}
