{{ config(materialized='ephemeral') }}

-- A batch with a certificate is released without conditions only once its sterility is final; no growth to date is not.
with sterile as (
    select
        batch_id,
        min(
            case when measurement = 'sterility_dp' and status_code = 'final' and value_code = 'no_growth' then occurred_date end
        ) as sterile_date
    from {{ ref('measurement') }}
    where batch_id is not null and timepoint_code = 'release'
    group by batch_id
)

select
    'R41' as rule_id,
    'flag' as effect,
    'event' as table_name,
    event.event_id as row_key,
    named.journey_id,
    event.subject_id,
    event.source_delivery,
    event.source_row,
    cast(null as {{ type_of('text') }}) as column_name,
    event.component_id
from {{ ref('event') }} as event
inner join sterile on event.batch_id = sterile.batch_id
left join {{ ref('int_order__journey') }} as named on event.therapy_order_id = named.therapy_order_id
where
    event.event_type = 'batch_released'
    and coalesce(event.detail_code, '') <> 'conditional'
    and (sterile.sterile_date is null or sterile.sterile_date > event.occurred_date)
