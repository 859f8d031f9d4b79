-- The order: a campaign is categorised by cluster and programme before it is launched. Each cluster belongs to the
-- scheme in force on the campaign's first day.
select campaigns.campaign_code
from {{ ref('stg_registry__campaigns') }} as campaigns
left join {{ ref('programs') }} as programs on campaigns.program = programs.program
where
    programs.program is null
    or campaigns.clusters is null
    or exists (
        select 1
        from unnest(campaigns.clusters) as named (cluster)
        left join {{ ref('clusters') }} as clusters
            on named.cluster = clusters.cluster and {{ is_valid_on('clusters', 'campaigns.start_date') }}
        where clusters.cluster is null
    )
