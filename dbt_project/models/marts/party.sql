select
    party_id,
    party_name,
    legal_entity,
    roles
from {{ source('control', 'partner') }}
