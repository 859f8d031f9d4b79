{# Codes and ids are ordered byte by byte: the same everywhere, whatever collation a server was set up with. #}
{% macro bytewise(text) -%}
    {{ text }} collate "C"
{%- endmacro %}
