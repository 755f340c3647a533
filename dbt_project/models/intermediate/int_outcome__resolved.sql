with fact as (
    {{ standing_facts('outcome') }}
)

select
    {{ resolved_columns('outcome') }},
    {{ subject_id() }} as subject_id,
    by_coi.release_token as coi_id,
    by_batch.release_token as batch_id,
    administration.administration_id,
    {{ own_columns('outcome') }}
from fact
{{ join_identifiers('fact', ['subject', 'coi', 'batch']) }}
left join {{ ref('int_administration__resolved') }} as administration on {{ same_record('fact', 'administration') }}
