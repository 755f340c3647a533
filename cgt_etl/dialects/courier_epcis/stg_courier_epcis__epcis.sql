{{ config(materialized='view') }}

select
    {{ landed_columns('courier_epcis__epcis__epcis') }},
    {{ mapped('landed.event_type', 'epcis_event_type') }} as kind_code,
    {{ mapped('landed.biz_step', 'epcis_biz_step') }} as step_code,
    {{ mapped('landed.event_action', 'epcis_action') }} as action_code,
    {{ mapped('landed.disposition', 'epcis_disposition') }} as disposition_code,
    container,
    first_container,
    from_party as from_gln,
    to_party as to_gln,
    {{ time_from_instant('event_time', 'occurred') }},
    utc_offset,
    {{ landed_time('recorded') }},
    -- a declared error has taken its event back at the door; when and why is kept for the audit
    {{ landed_time('declared_error') }},
    error_reason
from {{ source('courier_epcis', 'epcis__epcis') }} as landed
