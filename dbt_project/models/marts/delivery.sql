select
    source_delivery as delivery_id,
    partner as party_id,
    feed,
    dialect,
    sequence,
    status as status_code,
    rule_id,
    unit_count,
    accepted_unit_count,
    set_aside_unit_count,
    erased_unit_count
from {{ source('control', 'delivery') }}
