-- Grain: center × month: its points from known measures, and how much of the weight is known.
with known as (

    -- An unknown measure neither adds nor subtracts: NULL, never zero.
    select
        months.center_code,
        months.month_start,
        months.known_on_date,
        case when followers.growth_is_measurable then followers.growth_pct end as growth_pct,
        posting.longest_silence_days,
        case when posting.longest_silence_null_reason is null then posting.posts end as posts,
        case
            when
                platforms.platforms_not_verified = 0
                and platforms.platforms_present + platforms.platforms_missing > 0
                then 1.0 * platforms.platforms_present / (platforms.platforms_present + platforms.platforms_missing)
        end as platforms_present_share,
        case
            when messages.programs_unknown = 0 and messages.programs_covered + messages.programs_not_covered > 0
                then 1.0 * messages.programs_covered / (messages.programs_covered + messages.programs_not_covered)
        end as programs_covered_share
    from {{ ref('int_centers__months') }} as months
    inner join {{ ref('int_centers__monthly_followers') }} as followers
        on months.center_code = followers.center_code and months.month_start = followers.month_start
    inner join {{ ref('int_centers__monthly_posting') }} as posting
        on months.center_code = posting.center_code and months.month_start = posting.month_start
    inner join {{ ref('int_centers__monthly_platforms') }} as platforms
        on months.center_code = platforms.center_code and months.month_start = platforms.month_start
    inner join {{ ref('int_centers__monthly_coverage') }} as messages
        on months.center_code = messages.center_code and months.month_start = messages.month_start

),

measures as (

    {% for measure in [
        'growth_pct', 'longest_silence_days', 'posts', 'platforms_present_share', 'programs_covered_share'
    ] %}
    select
        center_code,
        month_start,
        known_on_date,
        '{{ measure }}' as measure,
        {{ measure }} as value
    from known
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

fulfilled as (

    select
        measures.center_code,
        measures.month_start,
        weights.weights_version,
        weights.weight,
        -- least() and greatest() ignore NULL, which would turn unknown into zero.
        case
            when measures.value is not null
                then
                    round(
                        least(
                            1, greatest(0, (measures.value - weights.zero_at) / (weights.full_at - weights.zero_at))
                        ),
                        4
                    )
        end as share
    from measures
    inner join {{ ref('score_weights') }} as weights
        on
            measures.measure = weights.measure
            and {{ is_valid_on('weights', 'measures.known_on_date') }}

),

summed as (

    select
        center_code,
        month_start,
        max(weights_version) as weights_version,
        sum(weight * share) as points,
        coalesce(sum(weight) filter (where share is not null), 0) as known_weight,
        sum(weight) as whole_weight
    from fulfilled
    group by center_code, month_start

)

select
    center_code,
    month_start,
    weights_version as score_weights_version,
    round(known_weight / whole_weight, 4) as score_known_share,
    -- The points that are certain: an unknown measure lifts no center above one that was measured.
    round(100.0 * points / whole_weight, 2) as certain_score,
    case
        when known_weight >= {{ var('score_known_minimum') }} * whole_weight
            then round(100.0 * points / known_weight, 2)
    end as score,
    case
        when known_weight < {{ var('score_known_minimum') }} * whole_weight then 'too_little_known'
    end as score_null_reason
from summed
