{# A band that rests on the absence of posts needs an observation of every account concerned; without one it is unknown.
   `band` is the joined row of recency_bands, found by the days since the last post. #}
{% macro recency_band(last_post_at, band, is_observed) -%}
    case
        when ({{ last_post_at }} is null or {{ band }}.rests_on_absence) and not {{ is_observed }} then 'unknown'
        when {{ last_post_at }} is null then 'never'
        else {{ band }}.recency_band
    end
{%- endmacro %}

{% macro in_recency_band(days_since, band) -%}
    {{ days_since }} >= {{ band }}.min_days
    and ({{ band }}.max_days is null or {{ days_since }} <= {{ band }}.max_days)
{%- endmacro %}
