{# Row level security of the marts, whatever tool reads them. The groups named by +grants see all rows. A center's login
   sees the rows of its center, all rows of a dimension without a center, and nothing else. Policies belong to a table:
   a rebuilt table gets them in the transaction that makes it visible. #}
{% macro secure_rows() -%}
    {{ adapter.dispatch('secure_rows')() }}
{%- endmacro %}

{# Marts are not read on Spark: they are published to PostgreSQL. #}
{% macro spark__secure_rows() -%}
{%- endmacro %}

{% macro postgres__secure_rows() -%}
    {%- set centers = 'social_metrics_center_reader' -%}
    {%- set everybody = config.get('grants')['select'] | reject('equalto', centers) | list -%}
    {%- set of_a_center = 'center_code' in model.columns -%}
    do $policies$ begin
        {# An incremental build keeps the table; only a table without policies takes the lock to create them. #}
        if not exists (
            select 1 from pg_catalog.pg_policies
            where schemaname = '{{ this.schema }}' and tablename = '{{ this.identifier }}'
        ) then
            alter table {{ this }} enable row level security;
            create policy all_rows on {{ this }} for select to {{ everybody | join(', ') }} using (true);
            {%- if of_a_center %}
            create policy own_rows on {{ this }} for select to {{ centers }}
                using (center_code = (select ops.center_of_login()));
            {%- elif model.name.startswith('dim_') %}
            create policy common_rows on {{ this }} for select to {{ centers }} using (true);
            {%- endif %}
        end if;
    end $policies$
{%- endmacro %}
