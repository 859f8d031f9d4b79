{# Codes and ids are ordered byte by byte: the same everywhere, whatever collation a server was set up with. #}
{% macro bytewise(text) -%}
    {{ adapter.dispatch('bytewise')(text) }}
{%- endmacro %}

{% macro postgres__bytewise(text) -%}
    {{ text }} collate "C"
{%- endmacro %}

{# Spark has no other order, unless a column says so. #}
{% macro spark__bytewise(text) -%}
    {{ text }}
{%- endmacro %}
