{{ config(
    materialized='incremental',
    meta={'rebuilt_by': 'center', 'rebuilt_unit': 'month'},
    indexes=[{'columns': ['center_code', 'month_start']}]
) }}
-- Grain: center × month: programmes and clusters that are covered, not covered or unknown.
with months as (

    select months.*
    from {{ ref('int_centers__months') }} as months
    {{ join_to_rebuild('center', 'months.center_code', 'months.month_start', unit='month') }}

),

subjects as (

    -- The programmes and clusters in force when the month ends.
    select
        months.center_code,
        months.month_start,
        'program' as tag_kind,
        '' as cluster_scheme,
        programs.program as tag
    from months
    inner join {{ ref('programs') }} as programs on {{ is_valid_on('programs', 'months.known_on_date') }}
    union all
    select
        months.center_code,
        months.month_start,
        'cluster' as tag_kind,
        clusters.cluster_scheme,
        clusters.cluster as tag
    from months
    inner join {{ ref('clusters') }} as clusters on {{ is_valid_on('clusters', 'months.known_on_date') }}

),

posts as (

    select posts.*
    from {{ ref('int_posts__monthly') }} as posts
    inner join months on posts.center_code = months.center_code and posts.month_start = months.month_start
    where true {{ and_since_rebuild_start('center', 'posts.month_start', unit='month') }}

),

unread as (

    select
        posts.center_code,
        posts.month_start,
        kinds.tag_kind,
        count(*) as posts_unread
    from posts
    {{ join_of_post(ref('int_posts__tag_coverage'), 'kinds', 'posts') }}
    where kinds.kind_state = 'unread'
    group by posts.center_code, posts.month_start, kinds.tag_kind

),

tagged_subjects as (

    select distinct
        posts.center_code,
        posts.month_start,
        tags.tag_kind,
        coalesce(tags.cluster_scheme, '') as cluster_scheme,
        tags.tag
    from posts
    {{ join_of_post(ref('int_posts__tags'), 'tags', 'posts') }}
    where tags.tag_state = 'tagged'

),

states as (

    -- Not finding a post means nothing where an account was not observed or a caption not read.
    select
        subjects.*,
        case
            when tagged_subjects.tag is not null then 'covered'
            when
                posting.longest_silence_null_reason is not null or coalesce(unread.posts_unread, 0) > 0
                then 'unknown'
            else 'not_covered'
        end as coverage_state
    from subjects
    inner join {{ ref('int_centers__monthly_posting') }} as posting
        on subjects.center_code = posting.center_code and subjects.month_start = posting.month_start
    left join unread
        on
            subjects.center_code = unread.center_code
            and subjects.month_start = unread.month_start
            and subjects.tag_kind = unread.tag_kind
    left join tagged_subjects
        on
            subjects.center_code = tagged_subjects.center_code
            and subjects.month_start = tagged_subjects.month_start
            and subjects.tag_kind = tagged_subjects.tag_kind
            and subjects.cluster_scheme = tagged_subjects.cluster_scheme
            and subjects.tag = tagged_subjects.tag

),

counted as (

    select
        center_code,
        month_start,
        max(nullif(cluster_scheme, '')) as cluster_scheme,
        count(*) filter (where tag_kind = 'program' and coverage_state = 'covered') as programs_covered,
        count(*) filter (where tag_kind = 'program' and coverage_state = 'not_covered') as programs_not_covered,
        count(*) filter (where tag_kind = 'program' and coverage_state = 'unknown') as programs_unknown,
        {{ joined_values('tag', "tag_kind = 'program' and coverage_state = 'covered'") }}
            as programs_covered_list,
        {{ joined_values('tag', "tag_kind = 'program' and coverage_state = 'not_covered'") }}
            as programs_not_covered_list,
        count(*) filter (where tag_kind = 'cluster' and coverage_state = 'covered') as clusters_covered,
        count(*) filter (where tag_kind = 'cluster' and coverage_state = 'not_covered') as clusters_not_covered,
        count(*) filter (where tag_kind = 'cluster' and coverage_state = 'unknown') as clusters_unknown,
        {{ joined_values('tag', "tag_kind = 'cluster' and coverage_state = 'covered'") }}
            as clusters_covered_list,
        {{ joined_values('tag', "tag_kind = 'cluster' and coverage_state = 'not_covered'") }}
            as clusters_not_covered_list
    from states
    group by center_code, month_start

)

select
    months.center_code,
    months.month_start,
    cast(coalesce(counted.programs_covered, 0) as integer) as programs_covered,
    cast(coalesce(counted.programs_not_covered, 0) as integer) as programs_not_covered,
    cast(coalesce(counted.programs_unknown, 0) as integer) as programs_unknown,
    counted.programs_covered_list,
    counted.programs_not_covered_list,
    counted.cluster_scheme,
    cast(coalesce(counted.clusters_covered, 0) as integer) as clusters_covered,
    cast(coalesce(counted.clusters_not_covered, 0) as integer) as clusters_not_covered,
    cast(coalesce(counted.clusters_unknown, 0) as integer) as clusters_unknown,
    counted.clusters_covered_list,
    counted.clusters_not_covered_list
from months
left join counted on months.center_code = counted.center_code and months.month_start = counted.month_start
