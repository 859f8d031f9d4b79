{# Types are named as PostgreSQL names them, in models, contracts and seeds; the other engine's name for each. #}
{% macro type_of(name) -%}
    {{ return(adapter.dispatch('type_of')(name)) }}
{%- endmacro %}

{% macro postgres__type_of(name) -%}
    {{ return(name) }}
{%- endmacro %}

{# Of a numeric, Spark keeps a fixed number of digits: 18 with 6 behind the point leave a quotient its 16 or more. #}
{% macro spark__type_of(name) -%}
    {{ return({
        'text': 'string', 'uuid': 'string', 'timestamptz': 'timestamp', 'timestamp': 'timestamp_ntz',
        'numeric': 'decimal(18, 6)'
    }.get(name, name)) }}
{%- endmacro %}
