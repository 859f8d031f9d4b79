-- Grain: caption × ruleset that read it.
with source as (

    select * from {{ source('ops', 'tagged_captions') }}

),

rulesets as (

    select * from {{ source('ops', 'tag_rulesets') }}

)

select
    source.account_code,
    source.post_id,
    source.content_hash,
    source.ruleset_id,
    rulesets.ruleset_version,
    {{ joined_list('rulesets.campaign_codes', ';') }} as campaign_codes,
    source.tagged_at
from source
inner join rulesets on source.ruleset_id = rulesets.ruleset_id
