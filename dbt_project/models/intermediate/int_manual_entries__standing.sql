{{ config(indexes=[{'columns': ['account_code', 'as_of_date'], 'unique': true}]) }}
-- Grain: account × WIB date that was read by hand alone; where an API read it too, the API's reading stands.
with captured as (

    select
        account_code,
        as_of_date
    from {{ ref('stg_social__profile_snapshots') }}
    group by account_code, as_of_date

),

addresses as (

    -- A post entered by hand is the one that the API knows by the same address, if it does.
    select
        account_code,
        url,
        max(post_id) as post_id
    from {{ ref('stg_social__posts') }}
    where url is not null
    group by account_code, url

)

select
    entries.account_code,
    entries.as_of_date,
    entries.observed_at,
    entries.followers_count,
    entries.followers_precision_step,
    entries.followers_state,
    entries.metric_definition_id,
    case when entries.is_look then 'captured' else 'captured_partly' end as outcome,
    entries.is_look,
    case
        when entries.last_post_at is not null
            then coalesce(addresses.post_id, 'manual:' || md5(entries.last_post_url))
    end as post_id,
    entries.last_post_at,
    entries.published_date,
    entries.last_post_url,
    entries.source
from {{ ref('stg_social__manual_entries') }} as entries
left join captured
    on entries.account_code = captured.account_code and entries.as_of_date = captured.as_of_date
left join addresses
    on entries.account_code = addresses.account_code and entries.last_post_url = addresses.url
where captured.account_code is null
