{# Builds are planned by social_metrics.transform.run (warehouse/mart_builds.py) and told by variables of the environment,
   asked for at run time only: as dbt variables they would have the whole project parsed for each build. Whoever calls
   dbt by hand has no plan and builds everything. #}
{% macro planned(what) -%}
    {{ return(env_var('SOCIAL_METRICS_DBT_' ~ what | upper, '') if execute else '') }}
{%- endmacro %}

{% macro is_this_build(build_id) -%}
    {{ build_id ~ ' = ' ~ planned('build_id') if builds_changes_only() else 'false' }}
{%- endmacro %}

{% macro builds_changes_only() -%}
    {{ return(adapter.dispatch('builds_changes_only')()) }}
{%- endmacro %}

{% macro postgres__builds_changes_only() -%}
    {{ return(planned('build_scope') == 'changes') }}
{%- endmacro %}

{% macro spark__builds_changes_only() -%}
    {{ return(false) }}
{%- endmacro %}

{# dbt's own macro: an incremental model is built anew unless the build is planned as one of changes. #}
{% macro should_full_refresh() -%}
    {%- if model.resource_type == 'model' and not builds_changes_only() -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set config_full_refresh = config.get('full_refresh') -%}
    {{ return(flags.FULL_REFRESH if config_full_refresh is none else config_full_refresh) }}
{%- endmacro %}

{# dbt's own macro, with the same meaning. As a macro of this project it spares the unit tests, nearly all of which
   build everything, to say so one by one. #}
{% macro is_incremental() -%}
    {%- if not execute or not builds_changes_only() -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set existing = load_relation(this) -%}
    {{ return(existing is not none and existing.is_table and model.config.materialized == 'incremental') }}
{%- endmacro %}

{# Builds of changes: only what is reopened, each account, center or post from its reopened day on; a join that is not
   there when everything is built. `key` names the account, center or post; `since` its day, the instant that stands
   for it in raw, its month, or for posts the id. `days_before` widens to what the reopened days lean on. #}
{% macro only_reopened(kind, key, since, days_before=0, unit='day') -%}
    {%- if not execute or is_incremental() -%}
    inner join {{ reopened_by(kind) }} as reopened
        on {{ is_reopened(kind, key, since, days_before, unit) }}
    {%- endif -%}
{%- endmacro %}

{# A relation by day, or in builds of changes its reopened rows; `date`: all rows from the first reopened day on, for
   what compares the centers of a day with each other. Posts are looked up one by one: a planner who knows nothing of
   the reopened ones would rather read all. #}
{% macro reopened_rows(kind, relation) -%}
    {%- if execute and not is_incremental() -%}
    {{ relation }}
    {%- elif kind == 'date' -%}
    (select rows.* from {{ relation }} as rows where {{ is_from_first_reopened_day('rows.date_day') }})
    {%- elif kind == 'post' -%}
    {{ looked_up_posts(relation) }}
    {%- else -%}
    (
        select rows.*
        from {{ relation }} as rows
        {{ only_reopened(kind, 'rows.center_code' if kind == 'center' else 'rows.account_code', 'rows.date_day') }}
    )
    {%- endif -%}
{%- endmacro %}

{# What raw holds of posts, or in builds of changes of the reopened ones, in the months since they were first seen. #}
{% macro reopened_observations() -%}
    {%- if execute and not is_incremental() -%}
    {{ ref('stg_social__posts') }}
    {%- else -%}
    {{ looked_up_posts(ref('stg_social__posts'), 'and found.captured_at >= reopened.first_seen_at') }}
    {%- endif -%}
{%- endmacro %}

{% macro looked_up_posts(relation, condition='') -%}
    (
        select rows.*
        from {{ reopened_by('post') }} as reopened
        cross join lateral (
            select found.*
            from {{ relation }} as found
            where found.account_code = reopened.account_code and found.post_id = reopened.post_id {{ condition }}
            offset 0
        ) as rows
    )
{%- endmacro %}

{# A join by post; in builds of changes, where few posts meet the rows of all, each is looked up. #}
{% macro join_of_post(relation, alias, posts) -%}
    {%- if execute and is_incremental() -%}
    cross join lateral (
        select found.*
        from {{ relation }} as found
        where found.account_code = {{ posts }}.account_code and found.post_id = {{ posts }}.post_id
        offset 0
    ) as {{ alias }}
    {%- else -%}
    inner join {{ relation }} as {{ alias }}
        on {{ posts }}.account_code = {{ alias }}.account_code and {{ posts }}.post_id = {{ alias }}.post_id
    {%- endif -%}
{%- endmacro %}

{# Said again of what is joined to reopened rows, so that it is found by its day as well; nothing when everything is
   built. #}
{% macro and_since_reopened(kind, since, days_before=0, unit='day') -%}
    {%- if execute and is_incremental() -%}
    and {{ since }} >= {{ reopened_since(first_reopened_day(kind), days_before, unit) }}
    {%- endif -%}
{%- endmacro %}

{% macro is_from_first_reopened_day(day, unit='day') -%}
    {{ day }} >= {{ reopened_since(first_reopened_day('center'), 0, unit) }}
{%- endmacro %}

{% macro reopened_by(kind) -%}
    {{ return(adapter.dispatch('reopened_by')(kind)) }}
{%- endmacro %}

{% macro postgres__reopened_by(kind) -%}
    {{ return(ref('int_' ~ kind ~ 's__to_rebuild')) }}
{%- endmacro %}

{# Every build on Spark is a full one: nothing is asked what was reopened, and the models that say so are not there. #}
{% macro spark__reopened_by(kind) -%}
    {{ return('') }}
{%- endmacro %}

{% macro is_reopened(kind, key, since, days_before=0, unit='day') -%}
    {%- if kind == 'post' -%}
    {{ key }} = reopened.account_code and {{ since }} = reopened.post_id
    {%- else -%}
    {{ key }} = reopened.{{ 'center' if kind == 'center' else 'account' }}_code
        and {{ since }} >= {{ reopened_since('reopened.date_day', days_before, unit) }}
        {#- The earliest day of all is known before the join begins: indexes and partitions are chosen by it. #}
        and {{ since }} >= {{ reopened_since(first_reopened_day(kind), days_before, unit) }}
    {%- endif -%}
{%- endmacro %}

{% macro reopened_since(day, days_before, unit) -%}
    {%- set from_day = day ~ ' - ' ~ days_before -%}
    {%- if unit == 'instant' -%}
    {{ first_instant(from_day) }}
    {%- elif unit == 'month' -%}
    {{ month_start(from_day) }}
    {%- else -%}
    {{ from_day }}
    {%- endif -%}
{%- endmacro %}

{# As a constant, which a planner can hold against its statistics; a subquery is any day to it. #}
{% macro first_reopened_day(kind) -%}
    {%- if execute and builds_changes_only() -%}
        {%- set found = run_query('select min(date_day) from ' ~ reopened_by(kind)).columns[0][0] -%}
        {{ return("cast('" ~ (found or '9999-01-01') ~ "' as date)") }}
    {%- endif -%}
    (select min(earliest.date_day) from {{ reopened_by(kind) }} as earliest)
{%- endmacro %}

{# The strategy of these models: what is reopened goes, and what was built for it comes. Deleting by the key of what
   came would leave the rows that are not there any more. #}
{% macro get_incremental_reopened_sql(arg_dict) -%}
    {%- set meta = config.get('meta') -%}
    {%- set by = meta.reopened_by -%}
    {%- set unit = meta.get('reopened_unit', 'day') -%}
    {%- set since = 'rows.' ~ meta.get('reopened_from', 'month_start' if unit == 'month' else 'date_day') -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    set local enable_nestloop = on;  -- two tables that have been counted: no planner takes them for one row
    delete from {{ arg_dict['target_relation'] }} as rows
    {%- if by == 'date' %}
    where {{ is_from_first_reopened_day(since, unit) }};
    {%- else %}
    using {{ reopened_by(by) }} as reopened
    where {{ is_reopened(
        by, 'rows.center_code' if by == 'center' else 'rows.account_code', 'rows.post_id' if by == 'post' else since,
        unit=unit
    ) }};
    {%- endif %}
    set local enable_nestloop = off;
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
