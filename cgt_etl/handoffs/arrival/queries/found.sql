-- One row per rule that marked the dose, its batch, its shipments or its infusion.
with concerned as (
    select
        'dose_unit' as table_name,
        dose_unit_id as row_key
    from dose_unit
    where dose_unit_id = $dose
    union all
    select
        'batch' as table_name,
        batch_id as row_key
    from dose_unit
    where dose_unit_id = $dose
    union all
    select
        'shipment' as table_name,
        shipment_id as row_key
    from event
    where dose_unit_id = $dose and shipment_id is not null
    union all
    select
        'handoff' as table_name,
        handoff.handoff_id as row_key
    from handoff
    inner join event on handoff.shipment_id = event.shipment_id
    where event.dose_unit_id = $dose
)

select distinct
    finding.rule_id,
    finding.table_name
from finding
inner join concerned on finding.table_name = concerned.table_name and finding.row_key = concerned.row_key
