with fact as (
    {{ standing_facts('handling_limit') }}
)

select
    {{ resolved_columns('handling_limit', persons=[]) }},
    {{ own_columns('handling_limit') }}
from fact
