{{ config(pre_hook="{{ delete_touched() }}") }}

with statement as (
    select
        *,
        row_number() over (partition by dose_unit_id order by dose_unit_statement_id) as rank_no
    from {{ ref('int_dose_unit__resolved') }}
    where dose_unit_id is not null and {{ only_touched() }}
),

stated as (
    select
        dose_unit_id,
        min(lot_id) as lot_id,
        {{ agreed('batch_id') }} as batch_id,
        {{ agreed('recipient_subject_id') }} as recipient_subject_id,
        {{ agreed('product_name_code') }} as product_name_code,
        {{ first_said('component_code') }} as component_code,
        {{ agreed('container_count') }} as container_count,
        -- the certificate's day and the label's as the ward read it: who would give the dose goes by the earlier
        min(expiry_date) as expiry_date,
        {{ any_true('administration_id is not null') }} as was_given,
        min(component_id) as component_id
    from statement
    group by dose_unit_id
),

-- what a certificate of release says of a lot is what is planned to be given of it; of a batch of one lot also what it says of the batch
certified as (
    select
        lot_id,
        batch_id,
        measurement,
        {{ agreed('value') }} as value
    from {{ ref('int_measurement__resolved') }}
    where
        measurement in ('dp_car_pos_viable_total', 'product_cd34_total')
        and timepoint = 'release'
        and comparator is null
        and {{ stands('status') }}
    group by lot_id, batch_id, measurement
),

only_lot as (
    select
        batch_id,
        min(lot_id) as lot_id
    from stated
    where batch_id is not null
    group by batch_id
    having count(*) = 1
),

planned as (
    select
        coalesce(certified.lot_id, only_lot.lot_id) as lot_id,
        {{ agreed('certified.value') }} as cells_10_6,
        {{ agreed("case when certified.measurement = 'dp_car_pos_viable_total' then certified.value end") }} as car_positive_10_6
    from certified
    left join only_lot on certified.lot_id is null and certified.batch_id = only_lot.batch_id
    where coalesce(certified.lot_id, only_lot.lot_id) is not null
    group by coalesce(certified.lot_id, only_lot.lot_id)
),

discarded as (
    select distinct lot_id
    from {{ ref('int_event__resolved') }}
    where event_type = 'product_discarded' and lot_id is not null and {{ stands('status') }}
)

select
    stated.dose_unit_id,
    stated.lot_id,
    -- no record after the certificate says which of several containers it means: such a lot stays one row
    case when stated.container_count = 1 then '1' end as container_no,
    stated.container_count,
    stated.batch_id,
    stated.recipient_subject_id,
    stated.product_name_code,
    stated.component_code,
    stated.expiry_date,
    planned.cells_10_6 as planned_cells_10_6,
    planned.car_positive_10_6 as planned_car_positive_cells_10_6,
    case
        when stated.was_given then 'infused'
        when discarded.lot_id is not null then 'discarded'
        else batch.disposition_code
    end as disposition_code,
    stated.component_id
from stated
left join planned on stated.lot_id = planned.lot_id
left join discarded on stated.lot_id = discarded.lot_id
left join {{ ref('batch') }} as batch on stated.batch_id = batch.batch_id
