{{ config(pre_hook="{{ delete_touched() }}") }}

select
    consent_statement_id as consent_id,
    subject_id,
    scope_code,
    purpose_code,
    version,
    jurisdiction_code,
    given_date,
    withdrawn_at_utc,
    source_delivery,
    source_row,
    component_id
from {{ ref('int_consent__resolved') }}
where {{ only_touched() }}
