{# A cell of a registry file that holds several values: separated by semicolons, with or without a blank behind. #}
{% macro split_list(text) -%}
    {{ split_text("nullif(trim(" ~ text ~ "), '')", '\\s*;\\s*') }}
{%- endmacro %}

{% macro split_text(text, pattern) -%}
    {{ adapter.dispatch('split_text')(text, pattern) }}
{%- endmacro %}

{% macro postgres__split_text(text, pattern) -%}
    regexp_split_to_array({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro spark__split_text(text, pattern) -%}
    split({{ text }}, r'{{ pattern }}')
{%- endmacro %}

{% macro joined_list(list, separator) -%}
    {{ adapter.dispatch('joined_list')(list, separator) }}
{%- endmacro %}

{% macro postgres__joined_list(list, separator) -%}
    array_to_string({{ list }}, '{{ separator }}')
{%- endmacro %}

{% macro spark__joined_list(list, separator) -%}
    array_join({{ list }}, '{{ separator }}')
{%- endmacro %}

{# NULL where the list is NULL. #}
{% macro is_in_list(value, list) -%}
    {{ adapter.dispatch('is_in_list')(value, list) }}
{%- endmacro %}

{% macro postgres__is_in_list(value, list) -%}
    {{ value }} = any({{ list }})
{%- endmacro %}

{% macro spark__is_in_list(value, list) -%}
    array_contains({{ list }}, {{ value }})
{%- endmacro %}

{% macro list_length(list) -%}
    {{ adapter.dispatch('list_length')(list) }}
{%- endmacro %}

{% macro postgres__list_length(list) -%}
    cardinality({{ list }})
{%- endmacro %}

{% macro spark__list_length(list) -%}
    array_size({{ list }})
{%- endmacro %}

{# The elements of the first list that are not in the second, in order; a NULL list is empty. #}
{% macro list_without(list, taken) -%}
    {{ adapter.dispatch('list_without')(list, taken) }}
{%- endmacro %}

{% macro postgres__list_without(list, taken) -%}
    array(
        select wanted.element
        from unnest({{ list }}) as wanted (element)
        where wanted.element <> all(coalesce({{ taken }}, '{}'))
        order by wanted.element
    )
{%- endmacro %}

{% macro spark__list_without(list, taken) -%}
    sort_array(filter({{ list }}, element -> not coalesce(array_contains({{ taken }}, element), false)))
{%- endmacro %}

{# Aggregate: the different values of the rows that meet the condition, in order; NULL where none does. #}
{% macro listed_values(value, condition) -%}
    {{ adapter.dispatch('listed_values')(value, condition) }}
{%- endmacro %}

{% macro postgres__listed_values(value, condition) -%}
    array_agg(distinct {{ value }} order by {{ value }}) filter (where {{ condition }})
{%- endmacro %}

{% macro spark__listed_values(value, condition) -%}
    nullif(
        sort_array(collect_set({{ value }}) filter (where {{ condition }})), cast(array() as array<string>)
    )
{%- endmacro %}

{# Aggregate: the values of the rows that meet the condition as one text, byte by byte; NULL where none does. #}
{% macro joined_values(value, condition) -%}
    {{ adapter.dispatch('joined_values')(value, condition) }}
{%- endmacro %}

{% macro postgres__joined_values(value, condition) -%}
    string_agg({{ value }}, ', ' order by {{ bytewise(value) }}) filter (where {{ condition }})
{%- endmacro %}

{% macro spark__joined_values(value, condition) -%}
    nullif(array_join(sort_array(collect_list({{ value }}) filter (where {{ condition }})), ', '), '')
{%- endmacro %}

{# Aggregate: the value of the row that comes first; rows without a place come last. #}
{% macro first_by(value, place) -%}
    {{ adapter.dispatch('first_by')(value, place) }}
{%- endmacro %}

{% macro postgres__first_by(value, place) -%}
    (array_agg({{ value }} order by {{ place }}))[1]
{%- endmacro %}

{% macro spark__first_by(value, place) -%}
    min_by({{ value }}, {{ place }})
{%- endmacro %}

{# What the pattern's one group holds where it first matches; NULL where it does not. #}
{% macro matched_group(text, pattern) -%}
    {{ adapter.dispatch('matched_group')(text, pattern) }}
{%- endmacro %}

{% macro postgres__matched_group(text, pattern) -%}
    substring({{ text }} from '{{ pattern }}')
{%- endmacro %}

{% macro spark__matched_group(text, pattern) -%}
    nullif(regexp_extract({{ text }}, r'{{ pattern }}', 1), '')
{%- endmacro %}
