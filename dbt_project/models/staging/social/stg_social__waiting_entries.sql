-- Grain: account × date of evidence: the newest version, if no second person has decided on it.
with entries as (

    select
        *,
        row_number() over (
            partition by account_code, as_of_date
            order by version desc
        ) as place
    from {{ source('raw', 'manual_entries') }}

)

select
    entries.account_code,
    entries.version,
    entries.followers_displayed,
    {{ as_of_date('entries.observed_at') }} as as_of_date
from entries
left join {{ source('raw', 'manual_confirmations') }} as decisions
    on
        entries.account_code = decisions.account_code
        and entries.as_of_date = decisions.as_of_date
        and entries.version = decisions.version
where entries.place = 1 and decisions.version is null
