{# Where this project differs from dbt's Spark adapter. #}

{# Evidence comes from the lake (social_metrics.transform.lake): Parquet by WIB date, with a file of columns for each
   table. The tables that a staging model reads are declared before it runs. #}
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

{# Only PostgreSQL has incremental builds: on Spark an incremental model is a table. #}
{% materialization incremental, adapter='spark' -%}
    {{ return(materialization_table_spark()) }}
{%- endmaterialization %}

{# Grants are set in PostgreSQL, where the marts are published. #}
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

{# The adapter's own macro writes the word None for an empty cell, and fails on an apostrophe. A cell that is not of its
   column's type fails as on PostgreSQL; Spark alone would make it NULL. #}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- for rows in agate_table.rows | batch(get_batch_size()) -%}
        {%- set statement -%}
            insert into {{ this.render() }}
            select
                {%- for name in agate_table.column_names %}
                {{ strictly_cast(name, types[name]) }}{{ ',' if not loop.last }}
                {%- endfor %}
            from values
            {%- for row in rows %}
            (
                {%- for name in agate_table.column_names -%}
                {{ spark_literal(row[name], types[name]) }}{{ ',' if not loop.last }}
                {%- endfor -%}
            ){{ ',' if not loop.last }}
            {%- endfor %} as cells ({{ agate_table.column_names | join(', ') }})
        {%- endset -%}
        {%- do adapter.add_query(statement, abridge_sql_log=True) -%}
    {%- endfor -%}
    {{ return('') }}
{%- endmacro %}

{% macro strictly_cast(name, type) -%}
    {%- if type == 'text' -%}
    {{ name }}
    {%- else -%}
    case
        when {{ name }} is not null
            then coalesce(
                cast({{ name }} as {{ type_of(type) }}), raise_error('{{ name }}: ' || {{ name }} || ' is no {{ type }}')
            )
    end
    {%- endif -%}
{%- endmacro %}

{# An instant may be written without seconds, which Spark does not read beside a zone. #}
{% macro spark_literal(cell, type) -%}
    {%- if cell is none -%}
    cast(null as string)
    {%- else -%}
    {%- set text = cell | string -%}
    {%- if type == 'timestamptz' -%}
    {%- set text = modules.re.sub('([T ]\\d\\d:\\d\\d)(?![:\\d])', '\\1:00', text) -%}
    {%- endif -%}
    '{{ text | replace("\\", "\\\\") | replace("'", "\\'") }}'
    {%- endif -%}
{%- endmacro %}
