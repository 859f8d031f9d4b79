-- Grain: rule × subject × WIB date on which it was found.
with missing_days as (

    -- Found by an index on these rows; an open day is left out because a retry run may follow.
    select
        outcomes.account_code,
        outcomes.date_day,
        outcomes.outcome
    from {{ ref('int_accounts__daily_outcomes') }} as outcomes
    inner join {{ ref('int_dates__reporting') }} as days on outcomes.date_day = days.date_day
    where not outcomes.is_captured and not days.is_open

),

platform_days as (

    select
        outcomes.platform,
        outcomes.date_day,
        days.day_no,
        outcomes.accounts_expected
    from {{ ref('int_platforms__daily_outcomes') }} as outcomes
    inner join {{ ref('int_dates__reporting') }} as days on outcomes.date_day = days.date_day
    inner join {{ ref('dq_rules') }} as rules
        on rules.rule_id = 'stale_source' and outcomes.accounts_expected >= rules.threshold_count
    where outcomes.accounts_captured = 0 and not days.is_open

),

platform_runs as (

    select
        *,
        day_no - row_number() over (partition by platform order by day_no) as run
    from platform_days

),

platform_ages as (

    select
        *,
        row_number() over (partition by platform, run order by day_no) as days_running
    from platform_runs

),

repeated as (

    select account_code
    from {{ ref('stg_registry__center_accounts') }}
    group by account_code
    having count(*) > 1

),

registry_days as (

    select
        accounts.account_code,
        days.date_day,
        count(*) as registry_rows
    from {{ ref('int_dates__reporting') }} as days
    inner join {{ ref('stg_registry__center_accounts') }} as accounts
        on {{ is_valid_on('accounts', 'days.date_day') }}
    inner join repeated on accounts.account_code = repeated.account_code
    group by accounts.account_code, days.date_day
    having count(*) > 1

),

early_loads as (

    -- Only a simulated clock may run ahead of the real one.
    select
        snapshots.account_code,
        snapshots.as_of_date,
        count(*) as captures
    from {{ ref('stg_social__profile_snapshots') }} as snapshots
    inner join {{ ref('dq_rules') }} as rules
        on
            rules.rule_id = 'captured_after_loading'
            and snapshots.captured_at > snapshots.loaded_at  -- the partial index's condition
            and snapshots.captured_at > snapshots.loaded_at + rules.tolerance_minutes * interval '1 minute'
    where snapshots.source <> 'simulator' and snapshots.as_of_date <= {{ through_date() }}
    group by snapshots.account_code, snapshots.as_of_date

),

doubted_listings as (

    -- A later listing of the same day that was believed ends the doubt.
    select doubts.*
    from {{ ref('stg_social__doubted_listings') }} as doubts
    {% if builds_changes_only() %}
    -- Looked up doubt by doubt: there are few.
    left join lateral (
        select found.attempt_id
        from {{ ref('stg_social__capture_outcomes') }} as found
        where
            found.account_code = doubts.account_code
            and found.attempted_at > doubts.listed_at
            and found.attempted_at < {{ start_of_day('doubts.as_of_date + 1') }}
            and found.posts_read = 'listed'
        limit 1
    ) as outcomes on true
    {% else %}
    left join {{ ref('stg_social__capture_outcomes') }} as outcomes
        on
            doubts.account_code = outcomes.account_code
            and doubts.as_of_date = outcomes.as_of_date
            and doubts.listed_at < outcomes.attempted_at
            and outcomes.posts_read = 'listed'
    {% endif %}
    where outcomes.attempt_id is null and doubts.as_of_date <= {{ through_date() }}

),

center_counts as (

    select
        rules.rule_id,
        rules.threshold_count,
        count(distinct centers.center_code) as centers
    from {{ ref('dq_rules') }} as rules
    left join {{ ref('stg_registry__centers') }} as centers on {{ is_valid_on('centers', 'rules.on_date') }}
    where rules.rule_id = 'centers_on_order_date'
    group by rules.rule_id, rules.threshold_count
    having count(distinct centers.center_code) <> rules.threshold_count

),

found as (

    select
        'missing_day' as rule_id,
        account_code as subject,
        account_code,
        date_day,
        outcome as seen_value,
        cast(null as {{ type_of('text') }}) as known_value
    from missing_days
    union all
    select
        rule_id,
        account_code as subject,
        account_code,
        date_day,
        seen_value,
        known_value
    from {{ ref('int_findings__counts') }}
    union all
    select
        rule_id,
        account_code || '/' || post_id as subject,
        account_code,
        date_day,
        seen_value,
        known_value
    from {{ ref('int_findings__posts') }}
    union all
    select
        'overlapping_rows' as rule_id,
        account_code as subject,
        account_code,
        date_day,
        cast(registry_rows as {{ type_of('text') }}) as seen_value,
        '1' as known_value
    from registry_days
    union all
    select
        'captured_after_loading' as rule_id,
        account_code as subject,
        account_code,
        as_of_date as date_day,
        cast(captures as {{ type_of('text') }}) as seen_value,
        '0' as known_value
    from early_loads
    union all
    select
        'doubted_listing' as rule_id,
        account_code as subject,
        account_code,
        as_of_date as date_day,
        detail as seen_value,
        cast(known_count as {{ type_of('text') }}) as known_value
    from doubted_listings

)

select
    found.rule_id,
    found.subject,
    found.account_code,
    accounts.center_code,
    accounts.platform,
    found.date_day,
    found.seen_value,
    found.known_value
from found
inner join {{ ref('dq_rules') }} as rules on found.rule_id = rules.rule_id
inner join {{ ref('stg_registry__center_accounts') }} as accounts
    on found.account_code = accounts.account_code and {{ is_owner_on('accounts', 'found.date_day') }}
union all
select
    'stale_source' as rule_id,
    platform_ages.platform as subject,
    null as account_code,
    null as center_code,
    platform_ages.platform,
    platform_ages.date_day,
    '0' as seen_value,
    cast(platform_ages.accounts_expected as {{ type_of('text') }}) as known_value
from platform_ages
inner join {{ ref('dq_rules') }} as rules
    on rules.rule_id = 'stale_source' and platform_ages.days_running >= rules.threshold_days
union all
select
    center_counts.rule_id,
    'centers' as subject,
    null as account_code,
    null as center_code,
    null as platform,
    days.date_day,
    cast(center_counts.centers as {{ type_of('text') }}) as seen_value,
    cast(center_counts.threshold_count as {{ type_of('text') }}) as known_value
from center_counts
cross join {{ ref('int_dates__reporting') }} as days
