-- The order: a campaign is categorised by cluster and programme before it is launched. Each cluster belongs to the
-- scheme in force on the campaign's first day.
select campaigns.campaign_code
from {{ ref('stg_registry__campaigns') }} as campaigns
left join {{ ref('programs') }} as programs on campaigns.program = programs.program
left join {{ ref('clusters') }} as clusters
    on
        {{ is_in_list('clusters.cluster', 'campaigns.clusters') }}
        and {{ is_valid_on('clusters', 'campaigns.start_date') }}
group by campaigns.campaign_code, campaigns.clusters, programs.program
having
    programs.program is null
    or campaigns.clusters is null
    or count(distinct clusters.cluster) < {{ list_length('campaigns.clusters') }}
