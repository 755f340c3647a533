select
    {{ fact_columns('collection') }},
    {{ nulls('text', ['din_token', 'donor_token', 'recipient_token', 'coi_token', 'order_token']) }},
    false as is_autologous,
    true as is_anonymous,
    case stem_cell_source_code when 'bone_marrow' then 'marrow' when 'peripheral_blood' then 'apheresis' end as collection_type_code,
    {{ nulls('text', ['procedure_type_code', 'device_model_code']) }},
    {{ no_time(['started', 'ended']) }},
    {{ nulls('text', ['starting_material_state_code', 'adverse_event_code']) }}
from {{ ref('stg_uci_bmt__transplant') }}
