{# The names of all growth windows: rolling windows and those to date. #}
{% macro growth_names() -%}
    {{ return((var("growth_windows") + var("growth_periods")) | map(attribute="name") | list) }}
{%- endmacro %}

{# The days from which a rolling window may take its baseline: N days back, and a few more if that day was missed. #}
{% macro baseline_frame(window) -%}
    (
        partition by account_code
        order by day_no
        range between {{ window.days + window.tolerance_days }} preceding and {{ window.days }} preceding
    )
{%- endmacro %}

{# With counts known to their steps, the true change lies in a closed interval. #}
{% macro change_low(n1, s1, n2) -%}
    {{ n2 }} - {{ n1 }} - {{ s1 }} + 1
{%- endmacro %}

{% macro change_high(n1, n2, s2) -%}
    {{ n2 }} - {{ n1 }} + {{ s2 }} - 1
{%- endmacro %}

{# Not measurable if and only if the interval has more than one member and holds 0. #}
{% macro is_measurable(low, high) -%}
    not ({{ low }} < {{ high }} and {{ low }} <= 0 and {{ high }} >= 0)
{%- endmacro %}
