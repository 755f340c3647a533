select
    {{ fact_columns('disease') }},
    {{ nulls('text', ['subject_token', 'coi_token']) }},
    'patient' as subject_role,
    true as is_anonymous,
    disease_code as code,
    'disease_uci' as code_system,
    disease_code as indication_code,
    case when is_after_relapse then 'relapse' else 'active' end as clinical_status,
    'confirmed' as verification_status,
    disease_group_code as category_code,
    {{ no_time(['onset', 'abated', 'recorded']) }}
from {{ ref('stg_uci_bmt__transplant') }}
where disease_code is not null
