{# Builds are planned by social_metrics.transform (warehouse/mart_builds.py) and told by variables of the environment,
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
   for it in raw, or for posts the id. `days_before` widens to what the reopened days lean on. #}
{% macro only_reopened(kind, key, since, days_before=0, is_instant=false) -%}
    {%- if not execute or is_incremental() -%}
    inner join {{ reopened_by(kind) }} as reopened
        on {{ is_reopened(kind, key, since, days_before, is_instant) }}
    {%- endif -%}
{%- endmacro %}

{# A relation by day, or in builds of changes its reopened rows; `date`: all rows from the first reopened day on, for
   what compares the centers of a day with each other. #}
{% macro reopened_rows(kind, relation) -%}
    {%- if execute and not is_incremental() -%}
    {{ relation }}
    {%- elif kind == 'date' -%}
    (select rows.* from {{ relation }} as rows where {{ is_from_first_reopened_day('rows.date_day') }})
    {%- elif kind == 'post' -%}
    (select rows.* from {{ relation }} as rows {{ only_reopened(kind, 'rows.account_code', 'rows.post_id') }})
    {%- else -%}
    (select rows.* from {{ relation }} as rows {{ only_reopened(kind, 'rows.' ~ kind ~ '_code', 'rows.date_day') }})
    {%- endif -%}
{%- endmacro %}

{% macro is_from_first_reopened_day(day) -%}
    {{ day }} >= (select min(reopened.date_day) from {{ reopened_by('center') }} as reopened)
{%- endmacro %}

{% macro reopened_by(kind) -%}
    {{ return(adapter.dispatch('reopened_by')(kind)) }}
{%- endmacro %}

{% macro postgres__reopened_by(kind) -%}
    {{ return(ref('int_' ~ kind ~ 's__reopened')) }}
{%- endmacro %}

{# Every build on Spark is a full one: nothing is asked what was reopened, and the models that say so are not there. #}
{% macro spark__reopened_by(kind) -%}
    {{ return('') }}
{%- endmacro %}

{% macro is_reopened(kind, key, since, days_before=0, is_instant=false) -%}
    {%- if kind == 'post' -%}
    {{ key }} = reopened.account_code and {{ since }} = reopened.post_id
    {%- else -%}
    {{ key }} = reopened.{{ kind }}_code
    {#- The earliest day of all is known before the join begins: indexes and partitions are chosen by it. -#}
    {%- for from_day in [
        'reopened.date_day', '(select min(earliest.date_day) from ' ~ reopened_by(kind) ~ ' as earliest)'
    ] %}
        and {{ since }} >= {{ first_instant(from_day ~ ' - ' ~ days_before) if is_instant
        else from_day ~ ' - ' ~ days_before }}
    {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# The strategy of these models: what is reopened goes, and what was built for it comes. Deleting by the key of what
   came would leave the rows that are not there any more. #}
{% macro get_incremental_reopened_sql(arg_dict) -%}
    {%- set by = config.get('meta').reopened_by -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }} as rows
    {%- if by == 'date' %}
    where {{ is_from_first_reopened_day('rows.date_day') }};
    {%- else %}
    using {{ reopened_by(by) }} as reopened
    where {{ is_reopened(
        by, 'rows.center_code' if by == 'center' else 'rows.account_code',
        'rows.post_id' if by == 'post' else 'rows.' ~ config.get('meta').get('reopened_from', 'date_day')
    ) }};
    {%- endif %}
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
