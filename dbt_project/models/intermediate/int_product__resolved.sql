with fact as (
    {{ standing_facts('product') }}
)

select
    {{ resolved_columns('product', persons=['donor', 'recipient', 'coi']) }},
    {{ product_id('by_din.release_token', 'fact') }} as product_id,
    collection.collection_id,
    by_din.release_token as din_id,
    by_coi.release_token as coi_id,
    collection.donor_subject_id,
    coalesce(by_recipient.subject_id, by_coi.subject_id) as recipient_subject_id,
    {{ own_columns('product') }}
from fact
{{ join_identifiers('fact', ['din', 'donor', 'recipient', 'coi']) }}
left join {{ ref('int_collection__resolved') }} as collection on {{ same_record('fact', 'collection') }}
