{# social_metrics.transform.build_plan plans a build; environment variables pass the plan, and macros read them at run
   time only: dbt variables would make dbt parse the whole project for each build. dbt called by hand has no plan and
   builds everything. #}
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

{# Overrides dbt's macro: an incremental model is built in full unless the plan says `changes`. #}
{% macro should_full_refresh() -%}
    {%- if model.resource_type == 'model' and not builds_changes_only() -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set config_full_refresh = config.get('full_refresh') -%}
    {{ return(flags.FULL_REFRESH if config_full_refresh is none else config_full_refresh) }}
{%- endmacro %}

{# Overrides dbt's macro with the same meaning. As a macro of this project it needs no override in each unit test:
   nearly all of them build everything. #}
{% macro is_incremental() -%}
    {%- if not execute or not builds_changes_only() -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set existing = load_relation(this) -%}
    {{ return(existing is not none and existing.is_table and model.config.materialized == 'incremental') }}
{%- endmacro %}

{# Incremental builds: a join that keeps what is to be rebuilt, each account, center or post from its first day to
   rebuild. A full build has no such join. `key` names the account, center or post; `since` its day, the instant of it
   in raw, its month, or for posts the id. `days_before` widens the range to earlier days that the rebuilt days need. #}
{% macro join_to_rebuild(kind, key, since, days_before=0, unit='day') -%}
    {%- if not execute or is_incremental() -%}
    inner join {{ to_rebuild(kind) }} as to_rebuild
        on {{ is_to_rebuild(kind, key, since, days_before, unit) }}
    {%- endif -%}
{%- endmacro %}

{# A relation by day, or in incremental builds its rows to rebuild. `date`: all rows from the first day to rebuild, for
   models that compare the centers of a day with each other. Posts are looked up one by one, because without statistics
   on the posts to rebuild the planner would read all posts. #}
{% macro rows_to_rebuild(kind, relation) -%}
    {%- if execute and not is_incremental() -%}
    {{ relation }}
    {%- elif kind == 'date' -%}
    (select rows.* from {{ relation }} as rows where {{ is_since_rebuild_start('rows.date_day') }})
    {%- elif kind == 'post' -%}
    {{ looked_up_posts(relation) }}
    {%- else -%}
    (
        select rows.*
        from {{ relation }} as rows
        {{ join_to_rebuild(kind, 'rows.center_code' if kind == 'center' else 'rows.account_code', 'rows.date_day') }}
    )
    {%- endif -%}
{%- endmacro %}

{# Observations of posts in raw; in incremental builds those of posts to rebuild, since they were first seen. #}
{% macro observations_to_rebuild() -%}
    {%- if execute and not is_incremental() -%}
    {{ ref('stg_social__posts') }}
    {%- else -%}
    {{ looked_up_posts(ref('stg_social__posts'), 'and found.captured_at >= to_rebuild.first_seen_at') }}
    {%- endif -%}
{%- endmacro %}

{% macro looked_up_posts(relation, condition='') -%}
    (
        select rows.*
        from {{ to_rebuild('post') }} as to_rebuild
        cross join lateral (
            select found.*
            from {{ relation }} as found
            where found.account_code = to_rebuild.account_code and found.post_id = to_rebuild.post_id {{ condition }}
            offset 0
        ) as rows
    )
{%- endmacro %}

{# A join by post; incremental builds join few posts with many rows and look each post up. #}
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

{# A join by account, for the few accounts whose posts all have to be read; builds of changes look them up. #}
{% macro join_of_account(relation, alias, accounts) -%}
    {%- if execute and builds_changes_only() -%}
    cross join lateral (
        select found.*
        from {{ relation }} as found
        where found.account_code = {{ accounts }}.account_code
        offset 0
    ) as {{ alias }}
    {%- else -%}
    inner join {{ relation }} as {{ alias }} on {{ accounts }}.account_code = {{ alias }}.account_code
    {%- endif -%}
{%- endmacro %}

{# The same bound repeated for a relation joined to rows to rebuild, so that its index on the day is used; nothing in a
   full build. #}
{% macro and_since_rebuild_start(kind, since, days_before=0, unit='day') -%}
    {%- if execute and is_incremental() -%}
    and {{ since }} >= {{ rebuild_bound(first_day_to_rebuild(kind), days_before, unit) }}
    {%- endif -%}
{%- endmacro %}

{% macro is_since_rebuild_start(day, unit='day') -%}
    {{ day }} >= {{ rebuild_bound(first_day_to_rebuild('center'), 0, unit) }}
{%- endmacro %}

{% macro to_rebuild(kind) -%}
    {{ return(adapter.dispatch('to_rebuild')(kind)) }}
{%- endmacro %}

{% macro postgres__to_rebuild(kind) -%}
    {{ return(ref('int_' ~ kind ~ 's__to_rebuild')) }}
{%- endmacro %}

{# Every build on Spark is a full one: the models of intermediate/build_plan are disabled there. #}
{% macro spark__to_rebuild(kind) -%}
    {{ return('') }}
{%- endmacro %}

{% macro is_to_rebuild(kind, key, since, days_before=0, unit='day') -%}
    {%- if kind == 'post' -%}
    {{ key }} = to_rebuild.account_code and {{ since }} = to_rebuild.post_id
    {%- else -%}
    {{ key }} = to_rebuild.{{ 'center' if kind == 'center' else 'account' }}_code
        and {{ since }} >= {{ rebuild_bound('to_rebuild.date_day', days_before, unit) }}
        {#- The earliest day of all is known before the join: the planner chooses indexes and partitions by it. #}
        and {{ since }} >= {{ rebuild_bound(first_day_to_rebuild(kind), days_before, unit) }}
    {%- endif -%}
{%- endmacro %}

{% macro rebuild_bound(day, days_before, unit) -%}
    {%- set from_day = day ~ ' - ' ~ days_before -%}
    {%- if unit == 'instant' -%}
    {{ start_of_day(from_day) }}
    {%- elif unit == 'month' -%}
    {{ month_start(from_day) }}
    {%- else -%}
    {{ from_day }}
    {%- endif -%}
{%- endmacro %}

{# A constant, which the planner can compare with its statistics; it cannot estimate a subquery. #}
{% macro first_day_to_rebuild(kind) -%}
    {%- if execute and builds_changes_only() -%}
        {%- set found = run_query('select min(date_day) from ' ~ to_rebuild(kind)).columns[0][0] -%}
        {{ return("cast('" ~ (found or '9999-01-01') ~ "' as date)") }}
    {%- endif -%}
    (select min(earliest.date_day) from {{ to_rebuild(kind) }} as earliest)
{%- endmacro %}

{# The incremental strategy of this project: delete all rows to rebuild, then insert the new ones. Deleting only by the
   keys of the new rows would leave rows that no longer exist. #}
{% macro get_incremental_rebuild_sql(arg_dict) -%}
    {%- set meta = config.get('meta') -%}
    {%- set by = meta.rebuilt_by -%}
    {%- set unit = meta.get('rebuilt_unit', 'day') -%}
    {%- set since = 'rows.' ~ meta.get('rebuilt_from', 'month_start' if unit == 'month' else 'date_day') -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    set local enable_nestloop = on;  -- both tables have statistics: the planner does not take them for one row
    delete from {{ arg_dict['target_relation'] }} as rows
    {%- if by == 'date' %}
    where {{ is_since_rebuild_start(since, unit) }};
    {%- else %}
    using {{ to_rebuild(by) }} as to_rebuild
    where {{ is_to_rebuild(
        by, 'rows.center_code' if by == 'center' else 'rows.account_code', 'rows.post_id' if by == 'post' else since,
        unit=unit
    ) }};
    {%- endif %}
    set local enable_nestloop = off;
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
