with fact as (
    {{ standing_facts('specification_limit') }}
)

select
    {{ resolved_columns('specification_limit', persons=[]) }},
    by_batch.release_token as batch_id,
    {{ own_columns('specification_limit') }}
from fact
{{ join_identifiers('fact', ['batch']) }}
