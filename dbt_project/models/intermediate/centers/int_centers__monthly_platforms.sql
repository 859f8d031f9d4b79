{{ config(
    materialized='incremental',
    meta={'rebuilt_by': 'center', 'rebuilt_unit': 'month'},
    indexes=[{'columns': ['center_code', 'month_start']}]
) }}
-- Grain: center × month: its platforms at the month's end, and how many of its account-days were captured.
with months as (

    select months.*
    from {{ ref('int_centers__months') }} as months
    {{ join_to_rebuild('center', 'months.center_code', 'months.month_start', unit='month') }}

),

required as (

    select
        months.center_code,
        months.month_start,
        months.known_on_date,
        platforms.platform
    from months
    inner join {{ ref('stg_registry__platforms') }} as platforms
        on
            months.known_on_date >= platforms.required_from
            and (platforms.required_until is null or months.known_on_date <= platforms.required_until)

),

platform_statuses as (

    -- Without any row in the registry it is unknown whether there is an account; that is not a known absence.
    select
        required.center_code,
        required.month_start,
        required.platform,
        coalesce(
            {{ first_by(
                "case when statuses.is_expected then 'present' else statuses.outcome end", 'statuses.precedence'
            ) }},
            'not_yet_verified'
        ) as platform_status
    from required
    left join {{ ref('stg_registry__center_accounts') }} as accounts
        on
            required.center_code = accounts.center_code
            and required.platform = accounts.platform
            and {{ is_valid_on('accounts', 'required.known_on_date') }}
    left join {{ ref('account_statuses') }} as statuses on accounts.status = statuses.status
    group by required.center_code, required.month_start, required.platform
    union
    -- A verified account counts as present, required or not.
    select
        months.center_code,
        months.month_start,
        spine.platform,
        'present' as platform_status
    from months
    inner join {{ ref('int_accounts__daily_spine') }} as spine
        on months.center_code = spine.center_code and months.known_on_date = spine.date_day
    {{ and_since_rebuild_start('center', 'spine.date_day', unit='month') }}

),

kinds as (

    select
        center_code,
        month_start,
        platform,
        case
            when platform_status = 'present' then 'present'
            when platform_status = 'not_yet_verified' then 'not_verified'
            else 'missing'
        end as kind
    from platform_statuses

),

platforms as (

    select
        center_code,
        month_start,
    {% for kind in ['present', 'missing', 'not_verified'] %}
    count(*) filter (where kind = '{{ kind }}') as platforms_{{ kind }},
    {{ joined_values('platform', "kind = '" ~ kind ~ "'") }}
        as platforms_{{ kind }}_list{{ "," if not loop.last }}
    {% endfor %}
    from kinds
    group by center_code, month_start

),

captures as (

    select
        months.center_code,
        months.month_start,
        count(outcomes.account_code) as account_days_expected,
        count(outcomes.account_code) filter (where outcomes.is_captured) as account_days_captured,
        max(outcomes.source) as source
    from months
    left join {{ ref('int_accounts__daily_outcomes') }} as outcomes
        on
            months.center_code = outcomes.center_code
            and months.first_date <= outcomes.date_day
            and months.known_on_date >= outcomes.date_day
    {{ and_since_rebuild_start('center', 'outcomes.date_day', unit='month') }}
    group by months.center_code, months.month_start

)

select
    captures.center_code,
    captures.month_start,
    cast(coalesce(platforms.platforms_present, 0) as integer) as platforms_present,
    cast(coalesce(platforms.platforms_missing, 0) as integer) as platforms_missing,
    cast(coalesce(platforms.platforms_not_verified, 0) as integer) as platforms_not_verified,
    platforms.platforms_present_list,
    platforms.platforms_missing_list,
    platforms.platforms_not_verified_list,
    cast(captures.account_days_expected as integer) as account_days_expected,
    cast(captures.account_days_captured as integer) as account_days_captured,
    case
        when captures.account_days_expected > 0
            then round(1.0 * captures.account_days_captured / captures.account_days_expected, 4)
    end as completeness,
    captures.source
from captures
left join platforms on captures.center_code = platforms.center_code and captures.month_start = platforms.month_start
