with fact as (
    {{ standing_facts('custody_record') }}
)

select
    {{ resolved_columns('custody_record', persons=[]) }},
    by_sscc.release_token as sscc_id,
    by_packed_seal.release_token as packed_seal_id,
    by_picked_up_seal.release_token as picked_up_seal_id,
    by_received_seal.release_token as received_seal_id,
    {{ own_columns('custody_record') }}
from fact
{{ join_identifiers('fact', ['sscc', 'packed_seal', 'picked_up_seal', 'received_seal']) }}
