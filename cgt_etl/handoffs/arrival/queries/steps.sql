-- One row per dated step of the dose or its batch that a receiver asks for: filling, certificate, disposition, infusion.
select
    event.event_type,
    event.occurred_date,
    party.party_name
from event
inner join dose_unit on dose_unit.dose_unit_id = $dose
left join site on event.site_id = site.site_id
left join party on site.party_id = party.party_id
where
    event.event_type in (
        'drug_product_filled', 'qc_result_reported', 'batch_released', 'batch_oos', 'infusion_started', 'product_discarded'
    )
    and (event.dose_unit_id = dose_unit.dose_unit_id or (event.dose_unit_id is null and event.batch_id = dose_unit.batch_id))
