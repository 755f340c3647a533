select
    {{ fact_columns('laboratory_order', 'test') }},
    coalesce(message.mrn, message.internal_id) as subject_token,
    {{ nulls('text', ['coi_token']) }},
    'patient' as subject_role,
    false as is_anonymous,
    test.code,
    case when test.code_system = 'LN' then 'loinc' else 'laboratory' end as code_system,
    'laboratory_order' as act_type,
    -- a message that takes an order back says so by what it wants done, whatever state the order was in
    case
        when test.control_code in ('cancelled', 'stopped', 'on_hold') then test.control_code
        else coalesce(test.order_status_code, test.control_code)
    end as status,
    {{ time_from_instant('ordered', 'started', 'test') }},
    {{ no_time(['ended']) }},
    {{ time_from_instant('sent', 'recorded', 'message') }}
from {{ ref('stg_ehr_hl7v2__laboratory_order__test') }} as test
inner join {{ ref('stg_ehr_hl7v2__laboratory_order') }} as message
    on test.source_delivery = message.source_delivery and test.source_row = message.source_row
where test.code is not null
