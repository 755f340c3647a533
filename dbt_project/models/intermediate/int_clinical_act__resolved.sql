with fact as (
    {{ standing_facts('clinical_act') }}
)

select
    {{ resolved_columns('clinical_act') }},
    {{ subject_id() }} as subject_id,
    by_coi.release_token as coi_id,
    {{ own_columns('clinical_act') }}
from fact
{{ join_identifiers('fact', ['subject', 'coi']) }}
