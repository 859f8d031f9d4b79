{# What PostgreSQL's planner is helped with, before and after a table is built. #}

{# Compiling a query of the marts costs more than it spares. #}
{% macro without_jit() -%}
    {{ adapter.dispatch('without_jit')() }}
{%- endmacro %}

{% macro postgres__without_jit() -%}
    set local jit = off
{%- endmacro %}

{% macro spark__without_jit() -%}
{%- endmacro %}

{# A rebuilt table needs statistics before the next model plans by it; a day more changes none worth the wait. #}
{% macro analyze_when_rebuilt() -%}
    {{ adapter.dispatch('analyze_when_rebuilt')() }}
{%- endmacro %}

{% macro postgres__analyze_when_rebuilt() -%}
    {%- if not (model.config.materialized == 'incremental' and builds_changes_only()) -%}
    analyze {{ this }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__analyze_when_rebuilt() -%}
{%- endmacro %}

{# One row for each value of the column among those that meet the condition. #}
{% macro index_unique(column, condition) -%}
    {{ adapter.dispatch('index_unique')(column, condition) }}
{%- endmacro %}

{% macro postgres__index_unique(column, condition) -%}
    create unique index on {{ this }} ({{ column }}) where {{ condition }}
{%- endmacro %}

{% macro spark__index_unique(column, condition) -%}
{%- endmacro %}
