{# The wall clock of a zone at an instant. #}
{% macro local_time(instant, zone) -%}
    {{ adapter.dispatch('local_time')(instant, zone) }}
{%- endmacro %}

{% macro postgres__local_time(instant, zone) -%}
    {{ instant }} at time zone {{ zone }}
{%- endmacro %}

{# Sessions are in UTC (profiles.yml): a shifted instant reads as the zone's own clock. #}
{% macro spark__local_time(instant, zone) -%}
    cast(from_utc_timestamp({{ instant }}, {{ zone }}) as timestamp_ntz)
{%- endmacro %}

{% macro local_date(instant, zone) -%}
    cast({{ local_time(instant, zone) }} as date)
{%- endmacro %}

{# The only place where an instant becomes a reporting day: its date in WIB. #}
{% macro as_of_date(instant) -%}
    {{ local_date(instant, "'" ~ var("report_time_zone") ~ "'") }}
{%- endmacro %}

{# The instant at which a reporting day begins. #}
{% macro start_of_day(day) -%}
    {{ adapter.dispatch('start_of_day')(day) }}
{%- endmacro %}

{% macro postgres__start_of_day(day) -%}
    (cast({{ day }} as timestamp) at time zone '{{ var("report_time_zone") }}')
{%- endmacro %}

{% macro spark__start_of_day(day) -%}
    to_utc_timestamp(cast({{ day }} as timestamp), '{{ var("report_time_zone") }}')
{%- endmacro %}

{# An instant in UTC, to the minute, for people to read. #}
{% macro utc_minute(instant) -%}
    {{ adapter.dispatch('utc_minute')(instant) }}
{%- endmacro %}

{% macro postgres__utc_minute(instant) -%}
    to_char({{ instant }} at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
{%- endmacro %}

{% macro spark__utc_minute(instant) -%}
    date_format({{ instant }}, 'yyyy-MM-dd HH:mm')
{%- endmacro %}

{# From one instant to another, numeric. #}
{% macro hours_from(start, stop) -%}
    {{ adapter.dispatch('hours_from')(start, stop) }}
{%- endmacro %}

{% macro postgres__hours_from(start, stop) -%}
    cast(extract(epoch from {{ stop }} - {{ start }}) / 3600 as numeric)
{%- endmacro %}

{% macro spark__hours_from(start, stop) -%}
    cast(unix_micros({{ stop }}) - unix_micros({{ start }}) as decimal(20, 0)) / 3600000000
{%- endmacro %}

{# Whole days from one date to another, an integer. #}
{% macro days_from(start, stop) -%}
    {{ adapter.dispatch('days_from')(start, stop) }}
{%- endmacro %}

{% macro postgres__days_from(start, stop) -%}
    ({{ stop }} - {{ start }})
{%- endmacro %}

{% macro spark__days_from(start, stop) -%}
    datediff({{ stop }}, {{ start }})
{%- endmacro %}

{# Whole days since 2000-01-01: windows over integers cost half of windows over intervals. #}
{% macro day_no(day) -%}
    {{ days_from("cast('2000-01-01' as date)", day) }}
{%- endmacro %}

{# One row for each date, both ends included; none where an end is not known. #}
{% macro every_day(first_day, last_day) -%}
    {{ adapter.dispatch('every_day')(first_day, last_day) }}
{%- endmacro %}

{% macro postgres__every_day(first_day, last_day) -%}
    cast(generate_series({{ first_day }}, {{ last_day }}, interval '1 day') as date)
{%- endmacro %}

{# Spark counts backwards where the last day comes first. #}
{% macro spark__every_day(first_day, last_day) -%}
    explode(case when {{ first_day }} <= {{ last_day }} then sequence({{ first_day }}, {{ last_day }}, interval 1 day) end)
{%- endmacro %}

{# Monday is 1. #}
{% macro iso_weekday(day) -%}
    {{ adapter.dispatch('iso_weekday')(day) }}
{%- endmacro %}

{% macro postgres__iso_weekday(day) -%}
    cast(extract(isodow from {{ day }}) as integer)
{%- endmacro %}

{% macro spark__iso_weekday(day) -%}
    extract(dayofweek_iso from {{ day }})
{%- endmacro %}

{% macro month_start(day) -%}
    cast(date_trunc('month', cast({{ day }} as timestamp)) as date)
{%- endmacro %}

{% macro month_end(month_start) -%}
    {{ adapter.dispatch('month_end')(month_start) }}
{%- endmacro %}

{% macro postgres__month_end(month_start) -%}
    cast({{ month_start }} + interval '1 month -1 day' as date)
{%- endmacro %}

{% macro spark__month_end(month_start) -%}
    last_day({{ month_start }})
{%- endmacro %}

{% macro year_start(day) -%}
    cast(date_trunc('year', cast({{ day }} as timestamp)) as date)
{%- endmacro %}

{# A dated registry row holds from its first to its last day, both included; an empty end is open. #}
{% macro is_valid_on(row, day) -%}
    ({{ row }}.valid_from is null or {{ row }}.valid_from <= {{ day }})
    and ({{ row }}.valid_to is null or {{ row }}.valid_to >= {{ day }})
{%- endmacro %}

{# The registry row of an account whose center its posts and findings of a day belong to. #}
{% macro is_owner_on(row, day) -%}
    ({{ row }}.owned_from is null or {{ row }}.owned_from <= {{ day }})
    and ({{ row }}.owned_until is null or {{ row }}.owned_until >= {{ day }})
{%- endmacro %}

{# An instant lies in a campaign's time; both ends belong to it. #}
{% macro is_during(campaign, instant) -%}
    {{ campaign }}.starts_at <= {{ instant }} and {{ campaign }}.ends_at >= {{ instant }}
{%- endmacro %}

{# A date from the build plan or from a variable; NULL when neither is given. #}
{% macro day_of(variable) -%}
    {%- set given = planned(variable) or var(variable, '') -%}
    cast({{ "'" ~ given ~ "'" if given else "null" }} as date)
{%- endmacro %}

{# The instant at which retention is judged; a build plan has one instant for all layers. #}
{% macro retention_as_of() -%}
    {%- set given = planned('retention_as_of') or var('retention_as_of') -%}
    {{ "cast('" ~ given ~ "' as " ~ type_of('timestamptz') ~ ")" if given else "current_timestamp" }}
{%- endmacro %}

{# The last reporting day: later evidence does not count. #}
{% macro through_date() -%}
    (select max(days.date_day) from {{ ref('int_dates__reporting') }} as days)
{%- endmacro %}
