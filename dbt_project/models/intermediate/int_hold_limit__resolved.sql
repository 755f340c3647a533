with fact as (
    {{ standing_facts('hold_limit') }}
)

select
    {{ resolved_columns('hold_limit', persons=[]) }},
    {{ own_columns('hold_limit') }}
from fact
