select
    {{ fact_columns('collection') }},
    din as din_token,
    false as is_anonymous,
    'apheresis' as collection_type_code,
    procedure_type_code,
    device_model_code,
    {{ time_from_instant('started', 'started') }},
    {{ time_from_instant('completed', 'ended') }},
    {{ unstated('collection', [
        'din_token', 'is_anonymous', 'collection_type_code', 'procedure_type_code', 'device_model_code', 'started', 'ended',
    ]) }}
from {{ ref('stg_apheresis_device__run') }}
