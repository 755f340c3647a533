{{ config(materialized='view') }}

with donation as (
    select
        {{ landed_columns('mes_batch_record__parameter__parameter__din') }},
        din
    from {{ source('mes_batch_record', 'parameter__parameter__din') }}
)

select
    donation.source_delivery,
    donation.source_row,
    donation.source_item,
    donation.source_object,
    donation.party_id,
    donation.site_id,
    donation.sequence,
    donation.record_key,
    donation.din,
    -- at the same place of the cell
    bag.division
from donation
left join {{ source('mes_batch_record', 'parameter__parameter__division') }} as bag
    on
        donation.source_delivery = bag.source_delivery
        and donation.source_row = bag.source_row
        and donation.source_item = bag.source_item
