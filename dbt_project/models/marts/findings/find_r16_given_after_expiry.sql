{{ config(materialized='ephemeral') }}

-- A lot of drug product that was given on a later local date than the last on which it might be; each lot of a dose is asked by itself.
select distinct
    'R16' as rule_id,
    'flag' as effect,
    'dose_unit' as table_name,
    unit.dose_unit_id as row_key,
    given.journey_id,
    given.subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    'expiry_date' as column_name,
    given.component_id
from {{ ref('product_edge') }} as administered
inner join {{ ref('dose_unit') }} as unit on administered.parent_key = unit.dose_unit_id
inner join {{ ref('administration') }} as given on administered.child_key = given.administration_id
where administered.edge_type = 'administer' and given.started_date > unit.expiry_date
