{# What dbt does on Spark in another way than its adapter would. #}

{# Evidence comes from the lake (social_metrics.lake): Parquet by WIB date, with the columns of each table beside it.
   What a staging model reads is declared before it. #}
{% macro show_evidence() -%}
    {{ adapter.dispatch('show_evidence')() }}
{%- endmacro %}

{% macro postgres__show_evidence() -%}
{%- endmacro %}

{% macro spark__show_evidence() -%}
    {%- set lake = env_var('SOCIAL_METRICS_LAKE', '') -%}
    {%- for source in (graph.sources.values() if execute else []) if source.unique_id in model.depends_on.nodes -%}
        {%- set table = source.schema ~ '.' ~ source.name -%}
        {%- set columns = run_query('select value from text.`' ~ lake ~ '/columns/' ~ table ~ '.txt`') -%}
        {%- do run_query('create schema if not exists ' ~ source.schema) -%}
        {%- do run_query(
            'create table if not exists ' ~ table ~ ' (' ~ columns.columns[0].values() | join(' ')
            ~ ', wib_date date) using parquet partitioned by (wib_date) location \'' ~ lake ~ '/' ~ table ~ '\''
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{# Builds of changes are PostgreSQL's: here an incremental model is a table. #}
{% materialization incremental, adapter='spark' -%}
    {{ return(materialization_table_spark()) }}
{%- endmaterialization %}

{# Who may read what is PostgreSQL's affair: marts are published there. #}
{% macro spark__apply_grants(relation, grant_config, should_revoke=True) -%}
{%- endmacro %}

{% macro spark__create_csv_table(model, agate_table) -%}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- call statement('_') -%}
    create table {{ this.render() }} (
        {%- for name in agate_table.column_names %}
        {{ name }} {{ type_of(types[name]) }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
    {{ file_format_clause() }}
    {%- endcall -%}
    {{ return('') }}
{%- endmacro %}

{# The adapter's own writes the word None for an empty cell, and stumbles over an apostrophe. #}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- for rows in agate_table.rows | batch(get_batch_size()) -%}
        {%- set statement -%}
            insert into {{ this.render() }} values
            {%- for row in rows %}
            (
                {%- for name in agate_table.column_names -%}
                cast({{ spark_literal(row[name]) }} as {{ type_of(types[name]) }}){{ ',' if not loop.last }}
                {%- endfor -%}
            ){{ ',' if not loop.last }}
            {%- endfor -%}
        {%- endset -%}
        {%- do adapter.add_query(statement, abridge_sql_log=True) -%}
    {%- endfor -%}
    {{ return('') }}
{%- endmacro %}

{% macro spark_literal(cell) -%}
    {%- if cell is none -%}
    null
    {%- else -%}
    '{{ cell | string | replace("\\", "\\\\") | replace("'", "\\'") }}'
    {%- endif -%}
{%- endmacro %}
