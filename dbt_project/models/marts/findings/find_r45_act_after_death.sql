{{ config(materialized='ephemeral') }}

-- Acts on a living person, on a later local date than the first death recorded. Late results, reports, releases and discards are routine.
with died as (
    select
        journey_id,
        min(occurred_date) as death_date
    from {{ ref('timeline') }}
    where event_type = 'death_recorded'
    group by journey_id
)

select
    'R45' as rule_id,
    'flag' as effect,
    'timeline' as table_name,
    acted.timeline_id as row_key,
    acted.journey_id,
    acted.subject_id,
    acted.source_delivery,
    acted.source_row,
    'occurred_date' as column_name,
    acted.component_id
from {{ ref('timeline') }} as acted
inner join died on acted.journey_id = died.journey_id
where
    acted.occurred_date > died.death_date
    and (
        (acted.kind = 'act' and acted.value_code in ('procedure', 'medication_administration', 'immunization'))
        or acted.event_type in (
            'mobilisation_started', 'line_placed', 'pre_collection_sample_drawn', 'apheresis_started', 'apheresis_completed',
            'collection_adverse_event', 'bridging_therapy_given', 'lymphodepletion_started', 'conditioning_started',
            'bedside_identity_check', 'infusion_started', 'infusion_completed', 'toxicity_assessed'
        )
    )
