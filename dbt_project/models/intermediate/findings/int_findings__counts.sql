{{ config(
    materialized='incremental', meta={'rebuilt_by': 'account'},
    indexes=[{'columns': ['account_code', 'date_day']}, {'columns': ['date_day']}]
) }}
-- Grain: rule × account × WIB date: counts that fell, rose or did not move, so that a person should check them.
{% if is_incremental() %}
with reported as (

    -- The count before, and since when a count has not moved, looked up: a few days need no pass over all days.
    select
        captures.*,
        days.working_day_no,
        before.day_no as previous_day_no,
        before.followers_count as previous_count,
        before.followers_precision_step as previous_step,
        before.series_no as previous_series_no,
        coalesce(still.date_day, captures.date_day) as first_day,
        coalesce(first_days.working_day_no, days.working_day_no) as first_working_day_no
    from {{ rows_to_rebuild('account', ref('int_profile_snapshots__daily_latest')) }} as captures
    inner join {{ ref('int_dates__working') }} as days on captures.date_day = days.date_day
    left join lateral (
        select earlier.*
        from {{ ref('int_profile_snapshots__daily_latest') }} as earlier
        where
            earlier.account_code = captures.account_code
            and earlier.day_no < captures.day_no
            and earlier.followers_state = 'reported'
        order by earlier.day_no desc
        limit 1
    ) as before on true
    left join lateral (
        select other.day_no
        from {{ ref('int_profile_snapshots__daily_latest') }} as other
        where
            before.followers_count = captures.followers_count
            and other.account_code = captures.account_code
            and other.day_no < captures.day_no
            and other.followers_state = 'reported'
            and (
                other.followers_count <> captures.followers_count
                or other.series_no <> captures.series_no
                or other.followers_precision_step <> 1
            )
        order by other.day_no desc
        limit 1
    ) as broken on true
    left join lateral (
        select same.date_day
        from {{ ref('int_profile_snapshots__daily_latest') }} as same
        where
            before.followers_count = captures.followers_count
            and captures.followers_precision_step = 1
            and same.account_code = captures.account_code
            and same.day_no > coalesce(broken.day_no, 0)
            and same.day_no < captures.day_no
            and same.followers_state = 'reported'
        order by same.day_no
        limit 1
    ) as still on true
    left join {{ ref('int_dates__working') }} as first_days on still.date_day = first_days.date_day
    where captures.followers_state = 'reported'

),

{% else %}
with counted as (

    select
        captures.*,
        days.working_day_no,
        lag(captures.day_no) over in_time as previous_day_no,
        lag(captures.followers_count) over in_time as previous_count,
        lag(captures.followers_precision_step) over in_time as previous_step,
        lag(captures.series_no) over in_time as previous_series_no
    from {{ rows_to_rebuild('account', ref('int_profile_snapshots__daily_latest')) }} as captures
    inner join {{ ref('int_dates__working') }} as days on captures.date_day = days.date_day
    where captures.followers_state = 'reported'
    window in_time as (partition by captures.account_code order by captures.day_no)

),

runs as (

    -- Only exact counts: a rounded count often does not move.
    select
        *,
        sum(
            case
                when
                    followers_count = previous_count
                    and series_no = previous_series_no
                    and followers_precision_step = 1
                    and previous_step = 1
                    then 0
                else 1
            end
        ) over (partition by account_code order by day_no) as run_no
    from counted

),

reported as (

    select
        *,
        first_value(working_day_no) over (partition by account_code, run_no order by day_no) as first_working_day_no,
        first_value(date_day) over (partition by account_code, run_no order by day_no) as first_day
    from runs

),

{% endif %}
bounded as (

    select
        *,
        {{ change_low('previous_count', 'previous_step', 'followers_count') }} as low,
        {{ change_high('previous_count', 'followers_count', 'followers_precision_step') }} as high
    from reported

),

changed as (

    -- The rounding is read in the account's favour: a drop is certain only by its upper bound.
    select
        rules.rule_id,
        bounded.account_code,
        bounded.date_day,
        bounded.followers_count,
        bounded.previous_count
    from bounded
    inner join {{ ref('dq_rules') }} as rules
        on
            bounded.day_no - bounded.previous_day_no <= rules.threshold_days
            and bounded.series_no = bounded.previous_series_no
            and case rules.rule_id
                when 'sudden_drop'
                    then
                        -bounded.high
                        >= greatest(rules.threshold_count, rules.threshold_pct * bounded.previous_count / 100)
                when 'sudden_jump'
                    then
                        bounded.low
                        >= greatest(rules.threshold_count, rules.threshold_pct * bounded.previous_count / 100)
                else false
            end

),

flat as (

    select
        rules.rule_id,
        reported.account_code,
        reported.date_day,
        reported.followers_count,
        reported.first_day
    from reported
    inner join {{ ref('dq_rules') }} as rules
        on
            rules.rule_id = 'flat_followers'
            and reported.followers_precision_step = 1
            and reported.followers_count >= rules.minimum_followers
            and case
                when rules.counts_working_days then reported.working_day_no - reported.first_working_day_no
                else {{ days_from('reported.first_day', 'reported.date_day') }}
            end >= rules.threshold_days

)

select
    rule_id,
    account_code,
    date_day,
    cast(followers_count as {{ type_of('text') }}) as seen_value,
    cast(previous_count as {{ type_of('text') }}) as known_value
from changed
union all
select
    rule_id,
    account_code,
    date_day,
    cast(followers_count as {{ type_of('text') }}) as seen_value,
    'since ' || first_day as known_value
from flat
