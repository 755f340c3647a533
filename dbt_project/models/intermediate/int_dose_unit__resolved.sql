with fact as (
    {{ standing_facts('dose_unit') }}
)

select
    {{ resolved_columns('dose_unit', persons=['recipient', 'coi']) }},
    {{ surrogate_key(["'dose_unit'", 'by_lot.release_token']) }} as dose_unit_id,
    by_lot.release_token as lot_id,
    by_batch.release_token as batch_id,
    by_coi.release_token as coi_id,
    coalesce(by_recipient.subject_id, by_coi.subject_id) as recipient_subject_id,
    administration.administration_id,
    {{ own_columns('dose_unit') }}
from fact
{{ join_identifiers('fact', ['lot', 'batch', 'coi', 'recipient']) }}
left join {{ ref('int_administration__resolved') }} as administration
    on
        fact.source_delivery = administration.source_delivery
        and fact.parent_object = administration.source_object
        and fact.source_row = administration.source_row
        -- a lot that was withheld is of no infusion
        and administration.is_given
where by_lot.release_token is not null
