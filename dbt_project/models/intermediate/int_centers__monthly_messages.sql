-- Grain: center × month: programmes and clusters that it told of, did not, or of which nobody can say.
with programs as (

    select
        center_code,
        month_start,
        count(*) filter (where coverage_state = 'covered') as programs_covered,
        count(*) filter (where coverage_state = 'not_covered') as programs_not_covered,
        count(*) filter (where coverage_state not in ('covered', 'not_covered')) as programs_unknown,
        string_agg(program, ', ' order by {{ bytewise("program") }}) filter (where coverage_state = 'covered')
            as programs_covered_list,
        string_agg(program, ', ' order by {{ bytewise("program") }}) filter (where coverage_state = 'not_covered')
            as programs_not_covered_list
    from {{ ref('fct_program_coverage') }}
    group by center_code, month_start

),

unread as (

    select
        posts.center_code,
        posts.month_start,
        count(*) filter (where readings.reading_state is null or readings.reading_state = 'unread') as posts_unread
    from {{ ref('int_posts__monthly') }} as posts
    left join {{ ref('int_posts__readings') }} as readings
        on posts.account_code = readings.account_code and posts.post_id = readings.post_id
    group by posts.center_code, posts.month_start

),

told as (

    select distinct
        posts.center_code,
        posts.month_start,
        tags.cluster_scheme,
        tags.tag as cluster
    from {{ ref('int_posts__monthly') }} as posts
    inner join {{ ref('int_posts__tags') }} as tags
        on posts.account_code = tags.account_code and posts.post_id = tags.post_id
    where tags.tag_kind = 'cluster' and tags.tag_state = 'tagged'

),

cluster_states as (

    -- Of the scheme in force when the month ends. Not having seen something says nothing where nobody could look.
    select
        months.center_code,
        months.month_start,
        clusters.cluster_scheme,
        clusters.cluster,
        case
            when told.cluster is not null then 'covered'
            when
                posting.longest_silence_null_reason is not null or coalesce(unread.posts_unread, 0) > 0
                then 'unknown'
            else 'not_covered'
        end as coverage_state
    from {{ ref('int_centers__months') }} as months
    inner join {{ ref('clusters') }} as clusters on {{ is_valid_on('clusters', 'months.known_on_date') }}
    inner join {{ ref('int_centers__monthly_posting') }} as posting
        on months.center_code = posting.center_code and months.month_start = posting.month_start
    left join unread
        on months.center_code = unread.center_code and months.month_start = unread.month_start
    left join told
        on months.center_code = told.center_code
        and months.month_start = told.month_start
        and clusters.cluster_scheme = told.cluster_scheme
        and clusters.cluster = told.cluster

),

clusters as (

    select
        center_code,
        month_start,
        max(cluster_scheme) as cluster_scheme,
        count(*) filter (where coverage_state = 'covered') as clusters_covered,
        count(*) filter (where coverage_state = 'not_covered') as clusters_not_covered,
        count(*) filter (where coverage_state = 'unknown') as clusters_unknown,
        string_agg(cluster, ', ' order by {{ bytewise("cluster") }}) filter (where coverage_state = 'covered')
            as clusters_covered_list,
        string_agg(cluster, ', ' order by {{ bytewise("cluster") }}) filter (where coverage_state = 'not_covered')
            as clusters_not_covered_list
    from cluster_states
    group by center_code, month_start

)

select
    months.center_code,
    months.month_start,
    cast(programs.programs_covered as integer) as programs_covered,
    cast(programs.programs_not_covered as integer) as programs_not_covered,
    cast(programs.programs_unknown as integer) as programs_unknown,
    programs.programs_covered_list,
    programs.programs_not_covered_list,
    clusters.cluster_scheme,
    cast(clusters.clusters_covered as integer) as clusters_covered,
    cast(clusters.clusters_not_covered as integer) as clusters_not_covered,
    cast(clusters.clusters_unknown as integer) as clusters_unknown,
    clusters.clusters_covered_list,
    clusters.clusters_not_covered_list
from {{ ref('int_centers__months') }} as months
left join programs on months.center_code = programs.center_code and months.month_start = programs.month_start
left join clusters on months.center_code = clusters.center_code and months.month_start = clusters.month_start
