select
    {{ fact_columns('cryopreservation_started') }},
    donor as subject_token,
    'donor' as subject_role,
    false as is_anonymous,
    'cryopreservation_started' as event_type,
    {{ time_from_instant('frozen', 'occurred') }},
    'completed' as status,
    din as din_token,
    party_id as from_party_id,
    {{ unstated('event', [
        'subject_token', 'subject_role', 'is_anonymous', 'event_type', 'occurred', 'status', 'din_token', 'from_party_id',
    ]) }}
from {{ ref('stg_cord_bank__unit') }}
where frozen_local is not null

union all

select
    {{ fact_columns('product_discarded') }},
    donor as subject_token,
    'donor' as subject_role,
    false as is_anonymous,
    'product_discarded' as event_type,
    {{ time_from_date('status_date', 'occurred') }},
    'completed' as status,
    din as din_token,
    party_id as from_party_id,
    {{ unstated('event', [
        'subject_token', 'subject_role', 'is_anonymous', 'event_type', 'occurred', 'status', 'din_token', 'from_party_id',
    ]) }}
from {{ ref('stg_cord_bank__unit') }}
where unit_status_code = 'discarded'
