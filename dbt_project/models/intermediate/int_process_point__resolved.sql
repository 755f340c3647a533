with fact as (
    {{ standing_facts('process_point') }}
)

select
    {{ resolved_columns('process_point', persons=[]) }},
    by_batch.release_token as batch_id,
    {{ own_columns('process_point') }}
from fact
{{ join_identifiers('fact', ['batch']) }}
where by_batch.release_token is not null
