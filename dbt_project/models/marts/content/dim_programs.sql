-- Grain: programme.
select
    programs.program,
    programs.label_id as program_label_id,
    programs.label_en as program_label_en,
    programs.parent_program,
    programs.valid_from,
    programs.valid_to,
    coalesce({{ is_valid_on('programs', through_date()) }}, false) as is_current
from {{ ref('programs') }} as programs
