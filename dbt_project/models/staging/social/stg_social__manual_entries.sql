-- Grain: account × date of evidence: the newest version that a second person has confirmed.
with entries as (

    select * from {{ source('raw', 'manual_entries') }}

),

confirmations as (

    select * from {{ source('raw', 'manual_confirmations') }}
    where decision = 'confirmed'

),

ranked as (

    select
        entries.*,
        confirmations.confirmed_at,
        row_number() over (
            partition by entries.account_code, entries.as_of_date
            order by entries.version desc
        ) as place
    from entries
    inner join confirmations
        on
            entries.account_code = confirmations.account_code
            and entries.as_of_date = confirmations.as_of_date
            and entries.version = confirmations.version

)

select
    account_code,
    platform,
    version,
    followers_displayed,
    followers_count,
    followers_precision_step,
    followers_state,
    metric_definition_id,
    last_post_at,
    {{ as_of_date('last_post_at') }} as published_date,
    last_post_url,
    posts_looked_at,
    posts_looked_at <> 'not_looked' as is_observation,
    is_outreach,
    program,
    evidence_sha256,
    entered_by,
    source,
    observed_at,
    {{ as_of_date('observed_at') }} as as_of_date,
    confirmed_at,
    loaded_at
from ranked
where place = 1
