with fact as (
    {{ standing_facts('subject_fact') }}
)

select
    {{ resolved_columns('subject_fact') }},
    {{ subject_id() }} as subject_id,
    by_coi.release_token as coi_id,
    {{ own_columns('subject_fact') }}
from fact
{{ join_identifiers('fact', ['subject', 'coi']) }}
