{# dbt's own macro without its `write(sql)`. For a seed whose folder is given by an absolute path, dbt writes the
   text of the statement to the seed file itself: os.path.join(target, 'run', project, '/absolute/centers.csv') is
   '/absolute/centers.csv'. The registry must survive being read (tests/dbt/test_project.py). #}
{% macro noop_statement(name=None, message=None, code=None, rows_affected=None, res=None) -%}
    {%- set sql = caller() -%}
    {%- if name is not none -%}
        {{ store_raw_result(name, message=message, code=code, rows_affected=rows_affected, agate_table=res) }}
    {%- endif -%}
{%- endmacro %}
