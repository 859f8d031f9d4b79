{{ config(indexes=[{'columns': ['month_start']}]) }}
-- Grain: center × month.
with months as (

    select
        months.*,
        spine.center_name
    from {{ ref('int_centers__months') }} as months
    inner join {{ ref('int_centers__daily_spine') }} as spine
        on months.center_code = spine.center_code and months.known_on_date = spine.date_day

),

as_is as (

    select
        center_code,
        month_start,
        sum(posts_as_is) as posts_as_is
    from {{ ref('int_accounts__monthly_as_is') }}
    group by center_code, month_start

),

measured as (

    select
        months.center_code,
        months.month_start,
        months.center_name,
        months.first_date,
        months.known_on_date,
        months.is_provisional,
        followers.accounts_expected,
        followers.accounts_hidden,
        followers.accounts_failed,
        followers.accounts_suspended,
        followers.start_followers_count,
        followers.start_oldest_capture_date,
        followers.start_newest_capture_date,
        followers.end_followers_count,
        followers.end_followers_count_high,
        followers.end_oldest_capture_date,
        followers.end_newest_capture_date,
        followers.end_incomplete_reason,
        followers.growth,
        followers.growth_pct,
        followers.growth_low,
        followers.growth_high,
        followers.growth_is_measurable,
        followers.growth_accounts,
        followers.growth_baseline_count,
        followers.growth_null_reason,
        posting.posts,
        cast(coalesce(as_is.posts_as_is, 0) as integer) as posts_as_is,
        posting.platforms_posted,
        posting.longest_silence_days,
        posting.longest_silence_null_reason,
        posting.accounts_not_observed,
        posting.interactions,
        posting.posts_with_interactions,
        posting.engagement_rate_pct,
        platforms.platforms_present,
        platforms.platforms_missing,
        platforms.platforms_not_verified,
        platforms.platforms_present_list,
        platforms.platforms_missing_list,
        platforms.platforms_not_verified_list,
        platforms.account_days_expected,
        platforms.account_days_captured,
        platforms.completeness,
        messages.programs_covered,
        messages.programs_not_covered,
        messages.programs_unknown,
        messages.programs_covered_list,
        messages.programs_not_covered_list,
        messages.cluster_scheme,
        messages.clusters_covered,
        messages.clusters_not_covered,
        messages.clusters_unknown,
        messages.clusters_covered_list,
        messages.clusters_not_covered_list,
        bands.follower_band,
        scores.score,
        scores.score_known_share,
        scores.score_null_reason,
        case when scores.score is not null then scores.certain_score end as rank_points,
        scores.score_weights_version,
        platforms.source
    from months
    inner join {{ ref('int_centers__monthly_followers') }} as followers
        on months.center_code = followers.center_code and months.month_start = followers.month_start
    inner join {{ ref('int_centers__monthly_posting') }} as posting
        on months.center_code = posting.center_code and months.month_start = posting.month_start
    inner join {{ ref('int_centers__monthly_platforms') }} as platforms
        on months.center_code = platforms.center_code and months.month_start = platforms.month_start
    inner join {{ ref('int_centers__monthly_coverage') }} as messages
        on months.center_code = messages.center_code and months.month_start = messages.month_start
    left join as_is
        on months.center_code = as_is.center_code and months.month_start = as_is.month_start
    left join {{ ref('int_centers__monthly_scores') }} as scores
        on months.center_code = scores.center_code and months.month_start = scores.month_start
    left join {{ ref('follower_bands') }} as bands
        on
            followers.end_followers_count >= bands.min_followers
            and (bands.max_followers is null or followers.end_followers_count <= bands.max_followers)

),

aims as (

    -- A center's own target overrides the one for all centers.
    select
        months.center_code,
        months.month_start,
        targets.targets_version,
        targets.measure,
        targets.target_value,
        targets.document_ref,
        row_number() over (
            partition by months.center_code, months.month_start
            order by case when targets.center_code is null then 1 else 0 end, targets.targets_version desc
        ) as place
    from months
    inner join {{ ref('targets') }} as targets
        on
            (targets.center_code is null or months.center_code = targets.center_code)
            and {{ is_valid_on('targets', 'months.month_start') }}

),

achieved as (

    select
        measured.*,
        aims.targets_version,
        aims.measure as target_measure,
        aims.target_value,
        aims.document_ref as target_document_ref,
        -- A growth inside the rounding is no actual value.
        case aims.measure
            when 'growth' then case when measured.growth_is_measurable then measured.growth end
            when 'growth_pct' then case when measured.growth_is_measurable then measured.growth_pct end
            when 'posts' then case when measured.longest_silence_null_reason is null then measured.posts end
            when 'end_followers_count' then measured.end_followers_count
        end as actual_value
    from measured
    left join aims
        on
            measured.center_code = aims.center_code
            and measured.month_start = aims.month_start
            and aims.place = 1

),

judged as (

    select
        *,
        case when target_value > 0 then round(100.0 * actual_value / target_value, 2) end as achievement_pct,
        case
            when target_value is null then 'not_set'
            when actual_value is null or target_value <= 0 then 'not_known'
            else 'known'
        end as achievement_state,
        case when score is not null then rank() over (partition by month_start order by rank_points desc nulls last) end
            as score_rank,
        case
            when score is not null and follower_band is not null
                then rank() over (partition by month_start, follower_band order by rank_points desc nulls last)
        end as score_rank_in_band,
        case
            when engagement_rate_pct is not null and follower_band is not null
                then rank() over (partition by month_start, follower_band order by engagement_rate_pct desc nulls last)
        end as engagement_rank_in_band
    from achieved

)

select
    judged.center_code,
    judged.center_name,
    judged.month_start,
    judged.first_date,
    judged.known_on_date,
    judged.is_provisional,
    judged.accounts_expected,
    judged.accounts_hidden,
    judged.accounts_failed,
    judged.accounts_suspended,
    judged.start_followers_count,
    judged.start_oldest_capture_date,
    judged.start_newest_capture_date,
    judged.end_followers_count,
    judged.end_followers_count_high,
    judged.end_oldest_capture_date,
    judged.end_newest_capture_date,
    judged.end_incomplete_reason,
    judged.growth,
    judged.growth_pct,
    judged.growth_low,
    judged.growth_high,
    judged.growth_is_measurable,
    judged.growth_accounts,
    judged.growth_baseline_count,
    judged.growth_null_reason,
    judged.posts,
    judged.posts_as_is,
    judged.platforms_posted,
    judged.longest_silence_days,
    judged.longest_silence_null_reason,
    judged.accounts_not_observed,
    judged.interactions,
    judged.posts_with_interactions,
    judged.engagement_rate_pct,
    judged.follower_band,
    cast(judged.engagement_rank_in_band as integer) as engagement_rank_in_band,
    judged.platforms_present,
    judged.platforms_missing,
    judged.platforms_not_verified,
    judged.platforms_present_list,
    judged.platforms_missing_list,
    judged.platforms_not_verified_list,
    judged.programs_covered,
    judged.programs_not_covered,
    judged.programs_unknown,
    judged.programs_covered_list,
    judged.programs_not_covered_list,
    judged.cluster_scheme,
    judged.clusters_covered,
    judged.clusters_not_covered,
    judged.clusters_unknown,
    judged.clusters_covered_list,
    judged.clusters_not_covered_list,
    judged.account_days_expected,
    judged.account_days_captured,
    judged.completeness,
    judged.targets_version,
    judged.target_measure,
    judged.target_value,
    judged.target_document_ref,
    cast(judged.actual_value as {{ type_of('numeric') }}) as actual_value,
    judged.achievement_pct,
    judged.achievement_state,
    -- The printed text: the figure, or why there is none ("belum ditetapkan").
    coalesce(replace(cast(judged.achievement_pct as {{ type_of('text') }}), '.', ',') || ' %', states.label_id)
        as achievement_label_id,
    coalesce(cast(judged.achievement_pct as {{ type_of('text') }}) || ' %', states.label_en) as achievement_label_en,
    judged.score,
    judged.score_known_share,
    judged.score_null_reason,
    judged.score_weights_version,
    cast(judged.score_rank as integer) as score_rank,
    cast(judged.score_rank_in_band as integer) as score_rank_in_band,
    judged.source
from judged
inner join {{ ref('achievement_states') }} as states on judged.achievement_state = states.achievement_state
