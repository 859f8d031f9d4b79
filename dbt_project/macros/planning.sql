{# What PostgreSQL's planner is helped with, before and after a table is built. #}

{# Compiling a query of the marts costs more than it spares. And joins are hashed: between what is reopened, or between
   all there is. Where few rows are to be looked up in many, the models say so (LATERAL); a planner who takes thousands
   of rows for one would loop where nobody meant it to. Nor are they merged: a merge may match the one date of a day's
   build, and compare everything of the date with everything else. #}
{% macro planner_settings() -%}
    {{ adapter.dispatch('planner_settings')() }}
{%- endmacro %}

{% macro postgres__planner_settings() -%}
    set local jit = off; set local enable_nestloop = off; set local enable_mergejoin = off;
    set local work_mem = '64MB'
{%- endmacro %}

{% macro spark__planner_settings() -%}
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

{# An index that the models' own configuration cannot say, such as one of a few rows only. #}
{% macro index_when_rebuilt(definition) -%}
    {{ adapter.dispatch('index_when_rebuilt')(definition) }}
{%- endmacro %}

{% macro postgres__index_when_rebuilt(definition) -%}
    {%- if not (model.config.materialized == 'incremental' and builds_changes_only()) -%}
    create index on {{ this }} {{ definition }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__index_when_rebuilt(definition) -%}
{%- endmacro %}
