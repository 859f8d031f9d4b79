{{ config(
    materialized='incremental', meta={'rebuilt_by': 'account'},
    indexes=[{'columns': ['date_day']}, {'columns': ['account_code', 'date_day']}]
) }}
-- Grain: account × WIB date × finding: what a person has to check, with the known and the observed value.
with spine as (

    select spine.*
    from {{ ref('int_accounts__daily_spine') }} as spine
    {{ join_to_rebuild('account', 'spine.account_code', 'spine.date_day') }}

),

accounts as (

    -- Of two rows on a day the expected one is used; that there are two is a finding about the registry.
    select accounts.*
    from {{ ref('stg_registry__center_accounts') }} as accounts
    inner join {{ ref('account_statuses') }} as statuses on accounts.status = statuses.status and statuses.is_expected

),

outcomes as (

    select
        *,
        row_number() over (partition by account_code, attempted_at order by attempt_id desc) as place
    from {{ ref('stg_social__capture_outcomes') }}
    where outcome = 'identity_mismatch'

),

api_captures as (

    select
        snapshots.*,
        row_number() over (
            partition by snapshots.account_code, snapshots.as_of_date
            order by snapshots.captured_at desc, snapshots.attempt_id desc
        ) as place
    from {{ ref('stg_social__profile_snapshots') }} as snapshots
    {{ join_to_rebuild('account', 'snapshots.account_code', 'snapshots.captured_at', unit='instant') }}

),

found as (

    select
        suspensions.account_code,
        suspensions.date_day,
        'identity_mismatch' as finding,
        accounts.platform_account_id as known_value,
        coalesce({{ matched_group('outcomes.detail', 'platform id ([^, ]+)') }}, outcomes.detail) as seen_value,
        {{ as_of_date('suspensions.mismatched_at') }} as since_date
    from {{ ref('int_accounts__daily_suspensions') }} as suspensions
    {{ join_to_rebuild('account', 'suspensions.account_code', 'suspensions.date_day') }}
    inner join accounts
        on
            suspensions.account_code = accounts.account_code
            and {{ is_valid_on('accounts', 'suspensions.date_day') }}
    left join outcomes
        on
            suspensions.account_code = outcomes.account_code
            and suspensions.mismatched_at = outcomes.attempted_at
            and outcomes.place = 1
    union all
    select
        spine.account_code,
        spine.date_day,
        'renamed' as finding,
        accounts.handle as known_value,
        captures.handle_seen as seen_value,
        spine.date_day as since_date
    from spine
    inner join {{ ref('int_profile_snapshots__daily_latest') }} as captures
        on spine.account_code = captures.account_code and spine.day_no = captures.day_no
    {{ and_since_rebuild_start('account', 'captures.date_day') }}
    inner join accounts
        on spine.account_code = accounts.account_code and {{ is_valid_on('accounts', 'spine.date_day') }}
    where lower(accounts.handle) <> lower(captures.handle_seen)
    union all
    select
        spine.account_code,
        spine.date_day,
        'under_review' as finding,
        accounts.verified_by as known_value,
        cast(null as {{ type_of('text') }}) as seen_value,
        accounts.review_due_at as since_date
    from spine
    inner join accounts
        on spine.account_code = accounts.account_code and {{ is_valid_on('accounts', 'spine.date_day') }}
    where accounts.review_due_at <= spine.date_day
    union all
    -- Both an API and a person read the account; the API's count is used, but the two contradict each other.
    select
        spine.account_code,
        spine.date_day,
        'manual_differs' as finding,
        cast(api_captures.followers_count as {{ type_of('text') }}) as known_value,
        entries.followers_displayed as seen_value,
        spine.date_day as since_date
    from spine
    inner join {{ ref('stg_social__manual_entries') }} as entries
        on spine.account_code = entries.account_code and spine.date_day = entries.as_of_date
    inner join api_captures
        on
            spine.account_code = api_captures.account_code
            and spine.date_day = api_captures.as_of_date
            and api_captures.place = 1
    where
        entries.followers_count > api_captures.followers_count + api_captures.followers_precision_step - 1
        or api_captures.followers_count > entries.followers_count + entries.followers_precision_step - 1
    union all
    select
        spine.account_code,
        spine.date_day,
        'manual_waiting' as finding,
        cast(null as {{ type_of('text') }}) as known_value,
        waiting.followers_displayed as seen_value,
        spine.date_day as since_date
    from spine
    inner join {{ ref('stg_social__waiting_entries') }} as waiting
        on spine.account_code = waiting.account_code and spine.date_day = waiting.as_of_date

)

select
    found.account_code,
    spine.center_code,
    spine.platform,
    found.date_day,
    found.finding,
    found.known_value,
    found.seen_value,
    found.since_date
from found
inner join spine on found.account_code = spine.account_code and found.date_day = spine.date_day
