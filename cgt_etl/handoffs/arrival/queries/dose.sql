-- The dose unit with its batch, who made it, and how it is to be handled.
with made as (
    select
        event.batch_id,
        min(site.party_id) as party_id
    from event
    inner join site on event.site_id = site.site_id
    where event.event_type in ('drug_product_filled', 'harvest_completed')
    group by event.batch_id
),

-- by the specification that its certificates of release were judged by; the strictest where they were by several
handled as (
    select
        measurement.batch_id,
        min(specification.thaw_window_min) as thaw_window_min,
        max(specification.storage_lower_c) as storage_lower_c,
        min(specification.storage_upper_c) as storage_upper_c
    from measurement
    inner join specification on measurement.specification_id = specification.specification_id
    where measurement.timepoint_code = 'release'
    group by measurement.batch_id
)

select
    dose_unit.dose_unit_id,
    dose_unit.lot_id,
    dose_unit.container_no,
    dose_unit.container_count,
    dose_unit.expiry_date,
    handled.thaw_window_min,
    handled.storage_lower_c,
    handled.storage_upper_c,
    dose_unit.component_code,
    dose_unit.product_name_code,
    dose_unit.recipient_subject_id,
    dose_unit.planned_cells_10_6,
    dose_unit.disposition_code,
    dose_unit.batch_id,
    batch.disposition_code as batch_disposition_code,
    batch.process_version,
    batch.ended_date,
    batch.parent_batch_id is not null as is_remake,
    made.party_id as maker_party_id,
    party.party_name as maker_name
from dose_unit
left join batch on dose_unit.batch_id = batch.batch_id
left join handled on dose_unit.batch_id = handled.batch_id
left join made on dose_unit.batch_id = made.batch_id
left join party on made.party_id = party.party_id
where dose_unit.dose_unit_id = $dose
