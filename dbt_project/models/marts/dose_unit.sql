{{ config(pre_hook="{{ delete_touched() }}") }}

with statement as (
    select
        *,
        row_number() over (partition by dose_unit_id order by dose_unit_statement_id) as rank_no
    from {{ ref('int_dose_unit__resolved') }}
    where dose_unit_id is not null and {{ only_touched() }}
)

select
    dose_unit_id,
    min(lot_id) as lot_id,
    cast(null as {{ type_of('text') }}) as container_no,
    {{ agreed('batch_id') }} as batch_id,
    {{ agreed('recipient_subject_id') }} as recipient_subject_id,
    {{ agreed('product_name_code') }} as product_name_code,
    {{ first_said('component_code') }} as component_code,
    cast(null as {{ type_of('number') }}) as planned_cells_10_6,
    cast(null as {{ type_of('number') }}) as planned_car_positive_cells_10_6,
    cast(null as {{ type_of('text') }}) as disposition_code,
    min(component_id) as component_id
from statement
group by dose_unit_id
