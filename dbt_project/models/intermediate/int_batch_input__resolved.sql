with fact as (
    {{ standing_facts('batch_input') }}
)

select
    {{ resolved_columns('batch_input', persons=[]) }},
    by_batch.release_token as batch_id,
    by_din.release_token as din_id
from fact
{{ join_identifiers('fact', ['batch', 'din']) }}
where by_batch.release_token is not null and by_din.release_token is not null
