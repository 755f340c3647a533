{{ config(pre_hook="{{ delete_touched() }}") }}

with keyed as (
    select
        *,
        {{ surrogate_key(["'material_lot'", 'batch_id', 'material_code', 'lot_id']) }} as material_lot_id
    from {{ ref('int_material_lot__resolved') }}
    where {{ only_touched() }}
),

-- a batch record names the lot with each of its parameters: the first speaks for all
statement as (
    select
        *,
        row_number() over (partition by material_lot_id order by material_lot_statement_id) as rank_no
    from keyed
)

select
    material_lot_id,
    min(batch_id) as batch_id,
    min(material_code) as material_code,
    min(lot_id) as lot_id,
    {{ agreed('expiry_date') }} as expiry_date,
    max(case when rank_no = 1 then source_delivery end) as source_delivery,
    max(case when rank_no = 1 then source_row end) as source_row,
    min(component_id) as component_id
from statement
group by material_lot_id
