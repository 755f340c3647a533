with fact as (
    {{ standing_facts('batch') }}
)

select
    {{ resolved_columns('batch', persons=['recipient', 'coi']) }},
    by_batch.release_token as batch_id,
    by_parent_batch.release_token as parent_batch_id,
    by_gene_agent_lot.release_token as gene_agent_lot_id,
    by_coi.release_token as coi_id,
    coalesce(by_recipient.subject_id, by_coi.subject_id) as recipient_subject_id,
    {{ own_columns('batch') }}
from fact
{{ join_identifiers('fact', ['batch', 'coi', 'recipient', 'parent_batch', 'gene_agent_lot']) }}
where by_batch.release_token is not null
