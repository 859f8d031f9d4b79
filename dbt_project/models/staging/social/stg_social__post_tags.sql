-- Grain: caption × ruleset × rule with a match in it.
with source as (

    select * from {{ source('ops', 'post_tags') }}

)

select
    account_code,
    post_id,
    content_hash,
    ruleset_id,
    ruleset_version,
    rule_id,
    tag_kind,
    cluster_scheme,
    tag,
    strength,
    matched_text,
    match_starts_at,
    match_ends_at,
    tagged_at
from source
