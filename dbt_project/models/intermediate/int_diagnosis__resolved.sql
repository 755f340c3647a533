with fact as (
    {{ standing_facts('diagnosis') }}
)

select
    {{ resolved_columns('diagnosis') }},
    {{ subject_id() }} as subject_id,
    by_coi.release_token as coi_id,
    {{ own_columns('diagnosis') }}
from fact
{{ join_identifiers('fact', ['subject', 'coi']) }}
