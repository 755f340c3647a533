select
    {{ fact_columns('lotno', 'lots') }},
    lots.lot as lot_token,
    outcome.batch as batch_token,
    outcome.coi as coi_token,
    outcome.crid as recipient_token,
    outcome.product_name_code,
    outcome.source_object as parent_object,
    {{ unstated('dose_unit', ['lot_token', 'batch_token', 'coi_token', 'recipient_token', 'product_name_code', 'parent_object']) }}
from {{ ref('stg_registry_ct__outcome__lotno') }} as lots
inner join {{ ref('stg_registry_ct__outcome') }} as outcome
    on lots.source_delivery = outcome.source_delivery and lots.source_row = outcome.source_row
where lots.lot is not null
