{# The one place where an instant becomes a reporting day: its date in WIB. #}
{% macro as_of_date(instant) -%}
    cast({{ instant }} at time zone '{{ var("report_time_zone") }}' as date)
{%- endmacro %}

{# The instant at which a reporting day begins. #}
{% macro first_instant(day) -%}
    (cast({{ day }} as timestamp) at time zone '{{ var("report_time_zone") }}')
{%- endmacro %}

{# Whole days since 2000-01-01: windows count over integers, which costs half of counting over intervals. #}
{% macro day_no(day) -%}
    ({{ day }} - cast('2000-01-01' as date))
{%- endmacro %}

{% macro month_start(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}

{% macro month_end(month_start) -%}
    cast({{ month_start }} + interval '1 month -1 day' as date)
{%- endmacro %}

{% macro year_start(day) -%}
    cast(date_trunc('year', {{ day }}) as date)
{%- endmacro %}

{# A dated registry row holds from its first to its last day, both included; an empty end is open. #}
{% macro is_valid_on(row, day) -%}
    ({{ row }}.valid_from is null or {{ row }}.valid_from <= {{ day }})
    and ({{ row }}.valid_to is null or {{ row }}.valid_to >= {{ day }})
{%- endmacro %}

{# A date given by the planned build or as a variable, or NULL when there is neither. #}
{% macro day_of(variable) -%}
    {%- set given = planned(variable) or var(variable, '') -%}
    cast({{ "'" ~ given ~ "'" if given else "null" }} as date)
{%- endmacro %}

{# The instant at which retention is judged; a planned build has its own, the same for all its layers. #}
{% macro retention_as_of() -%}
    {%- set given = planned('retention_as_of') or var('retention_as_of') -%}
    {{ "cast('" ~ given ~ "' as timestamptz)" if given else "current_timestamp" }}
{%- endmacro %}

{# The last reporting day: what came after it is not known yet. #}
{% macro through_date() -%}
    (select max(days.date_day) from {{ ref('int_dates__reporting') }} as days)
{%- endmacro %}
