{{ config(
    materialized='incremental', meta={'rebuilt_by': 'post'},
    indexes=[
    {'columns': ['account_code', 'post_id']}, {'columns': ['tag_kind', 'tag']},
    {'columns': ['tag_kind', 'published_date']}, {'columns': ['center_code', 'published_date']}
]) }}
-- Grain: post × kind of tag × cluster scheme × tag; `untagged` and `unread` are values.
with posts as (

    select * from {{ rows_to_rebuild('post', ref('fct_posts')) }} as posts

),

schemes as (

    select
        cluster_scheme,
        min(valid_from) as valid_from,
        case when bool_and(valid_to is not null) then max(valid_to) end as valid_to
    from {{ ref('clusters') }}
    group by cluster_scheme

),

kinds as (

    -- A post is shown in the scheme in force at its publication and in all later schemes.
    select
        posts.account_code,
        posts.post_id,
        flat.tag_kind,
        cast(null as {{ type_of('text') }}) as cluster_scheme,
        cast(null as boolean) as is_scheme_in_force
    from posts
    cross join (values ('program'), ('outreach')) as flat (tag_kind)
    union all
    select
        posts.account_code,
        posts.post_id,
        'cluster' as tag_kind,
        schemes.cluster_scheme,
        {{ is_valid_on('schemes', 'posts.published_date') }} as is_scheme_in_force
    from posts
    inner join schemes on schemes.valid_to is null or posts.published_date <= schemes.valid_to

),

tags as (

    select
        tags.*,
        kinds.is_scheme_in_force
    from {{ rows_to_rebuild('post', ref('int_posts__tags')) }} as tags
    inner join kinds
        on
            tags.account_code = kinds.account_code
            and tags.post_id = kinds.post_id
            and tags.tag_kind = kinds.tag_kind
            and tags.cluster_scheme is not distinct from kinds.cluster_scheme
    union all
    select
        tags.*,
        cast(null as boolean) as is_scheme_in_force
    from {{ rows_to_rebuild('post', ref('int_posts__tags')) }} as tags
    where tags.tag_kind = 'campaign'

),

nothing_found as (

    select
        kinds.account_code,
        kinds.post_id,
        kinds.tag_kind,
        kinds.cluster_scheme,
        kinds.is_scheme_in_force,
        case when states.kind_state <> 'unread' then 'untagged' else 'unread' end as tag,
        reads.ruleset_version
    from kinds
    left join {{ rows_to_rebuild('post', ref('int_posts__caption_reads')) }} as reads
        on kinds.account_code = reads.account_code and kinds.post_id = reads.post_id
    left join {{ rows_to_rebuild('post', ref('int_posts__tag_coverage')) }} as states
        on
            kinds.account_code = states.account_code
            and kinds.post_id = states.post_id
            and kinds.tag_kind = states.tag_kind
    left join tags
        on
            kinds.account_code = tags.account_code
            and kinds.post_id = tags.post_id
            and kinds.tag_kind = tags.tag_kind
            and kinds.cluster_scheme is not distinct from tags.cluster_scheme
            and tags.tag_state = 'tagged'
    where tags.post_id is null

),

together as (

    select
        account_code,
        post_id,
        tag_kind,
        cluster_scheme,
        is_scheme_in_force,
        tag,
        tag_state,
        derived_from,
        rule_id,
        ruleset_version,
        strength,
        matched_text,
        match_starts_at,
        match_ends_at,
        overridden_by,
        override_reason
    from tags
    union all
    select
        account_code,
        post_id,
        tag_kind,
        cluster_scheme,
        is_scheme_in_force,
        tag,
        tag as tag_state,
        null as derived_from,
        null as rule_id,
        ruleset_version,
        null as strength,
        null as matched_text,
        null as match_starts_at,
        null as match_ends_at,
        null as overridden_by,
        null as override_reason
    from nothing_found

)

select
    posts.account_code,
    posts.center_code,
    posts.platform,
    posts.post_id,
    posts.published_at,
    posts.published_date,
    together.tag_kind,
    together.cluster_scheme,
    together.is_scheme_in_force,
    together.tag,
    together.tag_state,
    together.derived_from,
    together.rule_id,
    together.ruleset_version,
    together.strength,
    together.matched_text,
    together.match_starts_at,
    together.match_ends_at,
    together.overridden_by,
    together.override_reason,
    posts.presence,
    posts.source
from together
inner join posts on together.account_code = posts.account_code and together.post_id = posts.post_id
