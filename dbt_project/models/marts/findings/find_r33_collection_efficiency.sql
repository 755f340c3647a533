{{ config(materialized='ephemeral') }}

-- The efficiency that the site reports, against the one recomputed by the device's definition of blood processed: more than 2 points apart.
select
    'R33' as rule_id,
    'flag' as effect,
    'collection' as table_name,
    collection_id as row_key,
    journey_id,
    coalesce(recipient_subject_id, donor_subject_id) as subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    'reported_ce2_percent' as column_name,
    component_id
from {{ ref('collection') }}
where abs({{ as_decimal('reported_ce2_percent', 6) }} - {{ as_decimal('ce2_percent', 6) }}) > 2
