with fact as (
    {{ standing_facts('consent') }}
)

select
    {{ resolved_columns('consent') }},
    {{ subject_id() }} as subject_id,
    by_coi.release_token as coi_id,
    {{ own_columns('consent') }}
from fact
{{ join_identifiers('fact', ['subject', 'coi']) }}
