with fact as (
    {{ standing_facts('material_lot') }}
)

select
    {{ resolved_columns('material_lot', persons=[]) }},
    by_batch.release_token as batch_id,
    by_material_lot.release_token as lot_id,
    {{ own_columns('material_lot') }}
from fact
{{ join_identifiers('fact', ['batch', 'material_lot']) }}
where by_batch.release_token is not null and by_material_lot.release_token is not null
