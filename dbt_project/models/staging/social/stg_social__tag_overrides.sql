-- Grain: decision of a person about a tag of a post.
with source as (

    select * from {{ source('ops', 'tag_overrides') }}

)

select
    override_id,
    account_code,
    post_id,
    tag_kind,
    cluster_scheme,
    tag,
    decision,
    decided_by,
    decided_at,
    reason
from source
