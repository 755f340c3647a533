{{ config(materialized='table') }}

with fact as (
    {{ standing_facts('therapy_order') }}
)

select
    {{ resolved_columns('therapy_order', persons=['recipient', 'coi']) }},
    {{ surrogate_key(["'therapy_order'", 'coalesce(by_coi.release_token, by_order.release_token)']) }} as therapy_order_id,
    by_order.release_token as order_id,
    by_coi.release_token as coi_id,
    coalesce(by_recipient.subject_id, by_coi.subject_id) as recipient_subject_id,
    {{ own_columns('therapy_order') }}
from fact
{{ join_identifiers('fact', ['order', 'coi', 'recipient']) }}
where coalesce(by_coi.release_token, by_order.release_token) is not null
