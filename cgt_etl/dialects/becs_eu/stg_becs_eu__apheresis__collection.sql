select
    {{ fact_columns('collection') }},
    din as din_token,
    donor_grid as donor_token,
    patient_mrn as recipient_token,
    is_autologous,
    false as is_anonymous,
    'apheresis' as collection_type_code,
    device_model_code,
    {{ time_from_instant('started', 'started') }},
    {{ time_from_instant('completed', 'ended') }},
    {{ unstated('collection', [
        'din_token', 'donor_token', 'recipient_token', 'is_autologous', 'is_anonymous', 'collection_type_code', 'device_model_code',
        'started', 'ended',
    ]) }}
from {{ ref('stg_becs_eu__apheresis') }}
