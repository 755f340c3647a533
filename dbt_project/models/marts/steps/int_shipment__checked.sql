{{ config(materialized='ephemeral') }}

-- What the custody record of a shipment says, one record each: of several of one container the first by statement id. The hold counts from
-- when the origin closed the shipper to when the consignee had it; where the form has no receipt, the carrier's own counts.
with ranked as (
    select
        custody.*,
        shipment.shipment_id,
        coalesce(custody.received_at_utc, shipment.received_at_utc) as held_until_at_utc,
        {{ after_hours('custody.packed_at_utc', 'custody.qualified_hold_h') }} as qualified_until_at_utc,
        row_number() over (partition by shipment.shipment_id order by custody.custody_record_statement_id asc) as rank_no
    from {{ ref('int_shipment__stated') }} as shipment
    inner join {{ ref('int_custody_record__resolved') }} as custody on shipment.sscc_id = custody.sscc_id
)

select
    shipment_id,
    qualified_until_at_utc,
    held_until_at_utc > qualified_until_at_utc as is_held_too_long,
    lower_limit_c,
    upper_limit_c,
    out_of_specification_min as stated_out_of_specification_min,
    lid_open_min,
    packed_seal_id,
    picked_up_seal_id,
    received_seal_id,
    is_seal_whole_at_pickup,
    is_seal_whole_at_receipt,
    {%- for station, papers in papers_of_custody().items() %}
    {%- for paper in papers %}
    has_{{ station }}_{{ paper }},
    {%- endfor %}
    {%- endfor %}
    source_delivery,
    source_row
from ranked
where rank_no = 1
