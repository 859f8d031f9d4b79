{# Settings for PostgreSQL's planner, before and after a table is built. #}

{# JIT compilation of the marts' queries costs more than it saves. Joins are hashed. Where few rows are looked up in
   many, the models say so (LATERAL); otherwise a planner that takes thousands of rows for one would choose a nested
   loop. A merge join may match only the date of an incremental build, and compare all rows of that date with each
   other. #}
{% macro planner_settings() -%}
    {{ adapter.dispatch('planner_settings')() }}
{%- endmacro %}

{% macro postgres__planner_settings() -%}
    set local jit = off; set local enable_nestloop = off; set local enable_mergejoin = off;
    set local work_mem = '64MB'
{%- endmacro %}

{% macro spark__planner_settings() -%}
{%- endmacro %}

{# A rebuilt table needs statistics before the next model is planned; one more day hardly changes them. #}
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

{# An index that a model's configuration cannot express, such as a partial index. #}
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
