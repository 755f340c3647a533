select
    {{ fact_columns('collection') }},
    din as din_token,
    donor as donor_token,
    reserved_crid as recipient_token,
    false as is_autologous,
    false as is_anonymous,
    'cord' as collection_type_code,
    {{ time_from_instant('collected', 'started') }},
    state_code as starting_material_state_code,
    {{ unstated('collection', [
        'din_token', 'donor_token', 'recipient_token', 'is_autologous', 'is_anonymous', 'collection_type_code', 'started',
        'starting_material_state_code',
    ]) }}
from {{ ref('stg_cord_bank__unit') }}
