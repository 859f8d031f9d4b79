{{ config(
    materialized='incremental', meta={'rebuilt_by': 'post'},
    indexes=[{'columns': ['account_code', 'post_id']}]
) }}
-- Grain: post × kind of tag × cluster scheme × tag: found by rules, decided by people, or implied by both.
with found as (

    select
        tags.account_code,
        tags.post_id,
        tags.tag_kind,
        coalesce(tags.cluster_scheme, '') as cluster_scheme,
        tags.tag,
        tags.rule_id,
        tags.ruleset_version,
        tags.strength,
        tags.matched_text,
        tags.match_starts_at,
        tags.match_ends_at,
        row_number() over (
            partition by tags.account_code, tags.post_id, tags.tag_kind, tags.cluster_scheme, tags.tag
            order by
                case tags.strength when 'strong' then 0 else 1 end,
                tags.match_starts_at,
                {{ bytewise("tags.rule_id") }}
        ) as place
    from {{ rows_to_rebuild('post', ref('int_posts__caption_reads')) }} as reads
    inner join {{ rows_to_rebuild('post', ref('stg_social__post_tags')) }} as tags
        on
            reads.account_code = tags.account_code
            and reads.post_id = tags.post_id
            and reads.content_hash = tags.content_hash
            and reads.ruleset_id = tags.ruleset_id

),

renamed as (

    -- A post with a decision under the id made from its URL may have got the API's id since.
    select distinct
        addresses.account_code,
        addresses.post_id,
        (
            select max(posts.post_id)
            from {{ ref('stg_social__posts') }} as posts
            where posts.account_code = addresses.account_code and posts.url = addresses.url
        ) as shown_as
    from {{ ref('stg_social__tag_overrides') }} as overrides
    inner join {{ ref('stg_social__entered_addresses') }} as addresses
        on overrides.account_code = addresses.account_code and overrides.post_id = addresses.post_id

),

entries as (

    select *
    from {{ ref('int_manual_entries__accepted') }}
    where post_id is not null and as_of_date <= {{ through_date() }}

),

statements as (

    select
        overrides.override_id,
        overrides.account_code,
        coalesce(renamed.shown_as, overrides.post_id) as post_id,
        overrides.tag_kind,
        coalesce(overrides.cluster_scheme, '') as cluster_scheme,
        overrides.tag,
        overrides.decision,
        overrides.decided_by,
        overrides.reason,
        cast(null as date) as stated_on
    from {{ ref('stg_social__tag_overrides') }} as overrides
    left join renamed
        on overrides.account_code = renamed.account_code and overrides.post_id = renamed.post_id
    union all
    -- A manual entry tags its post; a decision about the tag overrides the entry.
    select
        0 as override_id,
        account_code,
        post_id,
        'outreach' as tag_kind,
        '' as cluster_scheme,
        'outreach' as tag,
        'add' as decision,
        entered_by as decided_by,
        'entered by hand, ' || as_of_date as reason,
        as_of_date as stated_on
    from entries
    where is_outreach
    union all
    select
        0 as override_id,
        entries.account_code,
        entries.post_id,
        'program' as tag_kind,
        '' as cluster_scheme,
        programs.program as tag,
        'add' as decision,
        entries.entered_by as decided_by,
        'entered by hand, ' || entries.as_of_date as reason,
        entries.as_of_date as stated_on
    from entries
    inner join {{ ref('programs') }} as programs
        on lower(trim(entries.program)) in (lower(programs.program), lower(programs.label_id))

),

decisions as (

    select
        statements.*,
        row_number() over (
            partition by
                statements.account_code,
                statements.post_id,
                statements.tag_kind,
                statements.cluster_scheme,
                statements.tag
            order by statements.override_id desc, statements.stated_on desc
        ) as place
    from statements
    {{ join_to_rebuild('post', 'statements.account_code', 'statements.post_id') }}

),

decided as (

    -- A decision about a post applies once the post was observed or entered.
    select decisions.*
    from decisions
    where
        decisions.place = 1
        and (
            decisions.override_id = 0
            or exists (
                select 1
                from {{ ref('stg_social__posts') }} as observations
                where
                    observations.account_code = decisions.account_code
                    and observations.post_id = decisions.post_id
                    and observations.as_of_date <= {{ through_date() }}
            )
            or exists (
                select 1
                from {{ ref('stg_social__entered_addresses') }} as addresses
                where
                    addresses.account_code = decisions.account_code
                    and addresses.post_id = decisions.post_id
                    and addresses.as_of_date <= {{ through_date() }}
            )
        )

),

direct as (

    -- A person's decision overrides the rules, also those of a later version.
    select
        coalesce(found.account_code, decided.account_code) as account_code,
        coalesce(found.post_id, decided.post_id) as post_id,
        coalesce(found.tag_kind, decided.tag_kind) as tag_kind,
        coalesce(found.cluster_scheme, decided.cluster_scheme) as cluster_scheme,
        coalesce(found.tag, decided.tag) as tag,
        case when decided.decision = 'remove' then 'removed' else 'tagged' end as tag_state,
        cast(null as {{ type_of('text') }}) as derived_from,
        found.rule_id,
        found.ruleset_version,
        found.strength,
        found.matched_text,
        found.match_starts_at,
        found.match_ends_at,
        decided.decided_by as overridden_by,
        decided.reason as override_reason
    from (
        select * from found
        where place = 1
    ) as found
    full join decided
        on
            found.account_code = decided.account_code
            and found.post_id = decided.post_id
            and found.tag_kind = decided.tag_kind
            and found.cluster_scheme = decided.cluster_scheme
            and found.tag = decided.tag

),

implied as (

    -- Rules use the newest scheme; the crosswalk maps it to earlier schemes.
    select
        direct.*,
        crosswalk.from_scheme as implied_scheme,
        crosswalk.from_cluster as implied_tag
    from direct
    inner join {{ ref('cluster_crosswalk') }} as crosswalk
        on
            direct.cluster_scheme = crosswalk.to_scheme
            and direct.tag = crosswalk.to_cluster
            and not crosswalk.is_partial
    where direct.tag_kind = 'cluster' and direct.tag_state = 'tagged'
    union all
    select
        direct.*,
        '' as implied_scheme,
        programs.parent_program as implied_tag
    from direct
    inner join {{ ref('programs') }} as programs on direct.tag = programs.program
    where direct.tag_kind = 'program' and direct.tag_state = 'tagged' and programs.parent_program is not null

),

together as (

    select * from direct
    union all
    select
        account_code,
        post_id,
        tag_kind,
        implied_scheme as cluster_scheme,
        implied_tag as tag,
        tag_state,
        tag as derived_from,
        rule_id,
        ruleset_version,
        strength,
        matched_text,
        match_starts_at,
        match_ends_at,
        overridden_by,
        override_reason
    from implied

),

ranked as (

    select
        *,
        row_number() over (
            partition by account_code, post_id, tag_kind, cluster_scheme, tag
            order by
                case when derived_from is null then 0 else 1 end,
                match_starts_at nulls last,
                {{ bytewise("derived_from") }}
        ) as place
    from together

)

select
    account_code,
    post_id,
    tag_kind,
    nullif(cluster_scheme, '') as cluster_scheme,
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
from ranked
where place = 1
