{{ config(materialized='ephemeral') }}

with fact as (
    {{ standing_facts('product') }}
)

select
    {{ resolved_columns('product', persons=['donor', 'recipient', 'coi']) }},
    {{ product_key('by_din.release_token', 'fact.product_description_code', bag_division('fact.code_division', 'fact.division')) }}
        as product_id,
    collection.collection_id,
    collection.procedure_type_code,
    by_din.release_token as din_id,
    by_coi.release_token as coi_id,
    collection.donor_subject_id,
    coalesce(by_recipient.subject_id, by_coi.subject_id) as recipient_subject_id,
    {{ own_columns('product') }}
from fact
{{ join_identifiers('fact', ['din', 'donor', 'recipient', 'coi']) }}
left join {{ ref('int_collection__resolved') }} as collection on {{ same_record('fact', 'collection') }}
