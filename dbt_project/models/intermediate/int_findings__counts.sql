-- Grain: rule × account × WIB date: counts that fell, rose or stood still in a way that a person should look at.
with reported as (

    select
        captures.*,
        days.working_day_no,
        lag(captures.day_no) over in_time as previous_day_no,
        lag(captures.followers_count) over in_time as previous_count,
        lag(captures.followers_precision_step) over in_time as previous_step,
        lag(captures.series_no) over in_time as previous_series_no
    from {{ ref('int_profile_snapshots__daily_latest') }} as captures
    inner join {{ ref('int_dates__working') }} as days on captures.date_day = days.date_day
    where captures.followers_state = 'reported'
    window in_time as (partition by captures.account_code order by captures.day_no)

),

bounded as (

    select
        *,
        {{ change_low('previous_count', 'previous_step', 'followers_count') }} as low,
        {{ change_high('previous_count', 'followers_count', 'followers_precision_step') }} as high
    from reported

),

changed as (

    -- What the rounding allows speaks for the account: a drop is sure only by its upper bound.
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

runs as (

    -- Only exact counts: a rounded one stands still by itself.
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
    from reported

),

lasting as (

    select
        *,
        first_value(working_day_no) over (partition by account_code, run_no order by day_no) as first_working_day_no,
        first_value(date_day) over (partition by account_code, run_no order by day_no) as first_day
    from runs

),

flat as (

    select
        rules.rule_id,
        lasting.account_code,
        lasting.date_day,
        lasting.followers_count,
        lasting.first_day
    from lasting
    inner join {{ ref('dq_rules') }} as rules
        on
            rules.rule_id = 'flat_followers'
            and lasting.followers_precision_step = 1
            and lasting.followers_count >= rules.minimum_followers
            and case
                when rules.counts_working_days then lasting.working_day_no - lasting.first_working_day_no
                else {{ days_from('lasting.first_day', 'lasting.date_day') }}
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
