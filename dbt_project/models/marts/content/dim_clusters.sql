-- Grain: cluster scheme × cluster.
select
    clusters.cluster_scheme,
    clusters.cluster,
    clusters.cluster_order,
    clusters.label_id as cluster_label_id,
    clusters.label_en as cluster_label_en,
    clusters.valid_from,
    clusters.valid_to,
    coalesce({{ is_valid_on('clusters', through_date()) }}, false) as is_current
from {{ ref('clusters') }} as clusters
