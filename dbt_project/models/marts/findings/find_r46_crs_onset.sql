{{ config(materialized='ephemeral') }}

-- Onset of a cytokine release syndrome outside day 0 to 30 of the latest infusion before it; before any infusion, the day is negative.
select
    'R46' as rule_id,
    'flag' as effect,
    'outcome' as table_name,
    outcome_id as row_key,
    journey_id,
    subject_id,
    source_delivery,
    source_row,
    'day_from_infusion' as column_name,
    component_id
from {{ ref('outcome') }}
where outcome_type = 'crs' and onset_date is not null and (day_from_infusion < 0 or day_from_infusion > 30)
