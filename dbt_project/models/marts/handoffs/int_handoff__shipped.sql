{{ config(materialized='ephemeral') }}

-- One row is one leg of a shipment: its origin gives it to the carrier (H07, H13), the carrier gives it to its destination (H08, H14,
-- H18, H19, H20). What each side says stands in columns of its own. An origin's own record of what is in the box is that it collected
-- the donation, stored the cord blood unit or filled the batch; a destination's, that it took it into a batch or gave it to a patient.
{%- set takes = [
    'starting_material_accepted', 'starting_material_thawed', 'selection_completed', 'activation_started', 'transduction_or_editing',
    'in_process_check',
] %}
{%- set gives = ['apheresis_completed', 'cryopreservation_started', 'harvest_completed', 'drug_product_filled'] %}
{%- set administers = ['dp_received_at_site', 'dp_thawed', 'infusion_started'] %}
{%- set moves = ['shipment_packed', 'shipment_dispatched', 'shipment_received'] %}
{%- set told = takes + gives + administers + moves + ['product_discarded'] %}
with said as (
    select
        *,
        case when sscc_id is not null then {{ surrogate_key(["'shipment'", 'sscc_id']) }} end as shipment_id,
        coalesce(din_id, lot_id) as item_id
    from {{ ref('int_event__resolved') }}
    where {{ stands('status') }} and event_type in ('{{ told | join("', '") }}')
),

-- what is in a box: donations, or lots of a drug product; vials of one lot travel in several boxes
item as (
    select
        shipment_id,
        item_id,
        min(din_id) as din_id,
        min(lot_id) as lot_id,
        count(*) over (partition by item_id) as shipment_count
    from said
    where event_type = 'shipment_packed' and shipment_id is not null and item_id is not null
    group by shipment_id, item_id
),

moved as (
    select
        *,
        row_number() over (
            partition by shipment_id, event_type
            order by occurred_at_utc asc nulls last, event_statement_id asc
        ) as rank_no
    from said
    where event_type in ('{{ moves | join("', '") }}') and shipment_id is not null
),

carried as (
    select
        shipment_id,
        max(case when event_type = 'shipment_packed' and rank_no = 1 then event_id end) as packed_event_id,
        max(case when event_type = 'shipment_packed' and rank_no = 1 then occurred_at_utc end) as packed_at_utc,
        max(case when event_type = 'shipment_dispatched' and rank_no = 1 then event_id end) as dispatched_event_id,
        max(case when event_type = 'shipment_received' and rank_no = 1 then event_id end) as received_event_id,
        -- the carrier takes what is dispatched and gives what is received
        {{ agreed("case event_type when 'shipment_dispatched' then to_party_id when 'shipment_received' then from_party_id end") }}
            as carrier_party_id,
        {{ agreed("case when event_type = 'shipment_dispatched' then from_party_id end") }} as giver_party_id
    from moved
    group by shipment_id
),

maker as (
    select distinct from_party_id as party_id
    from said
    where event_type in ('selection_completed', 'harvest_completed', 'drug_product_filled') and from_party_id is not null
),

-- when an origin last did something of its own to what is in the box
given as (
    select
        item_id,
        from_party_id as party_id,
        max(occurred_at_utc) as acted_at_utc,
        max(case when event_type = 'apheresis_completed' then 1 else 0 end) as is_apheresis
    from said
    where event_type in ('apheresis_completed', 'cryopreservation_started') and din_id is not null and from_party_id is not null
    group by item_id, from_party_id
    union all
    select
        dose_unit.lot_id as item_id,
        made.from_party_id as party_id,
        max(made.occurred_at_utc) as acted_at_utc,
        0 as is_apheresis
    from {{ ref('dose_unit') }} as dose_unit
    inner join said as made on dose_unit.batch_id = made.batch_id
    where made.event_type in ('harvest_completed', 'drug_product_filled') and made.from_party_id is not null
    group by dose_unit.lot_id, made.from_party_id
),

-- a laboratory that freezes what others collected has it from then on, and may send it
held as (
    select
        item_id,
        party_id,
        max(occurred_at_utc) as frozen_at_utc
    from said
    where event_type = 'cryopreservation_started' and din_id is not null and from_party_id is null
    group by item_id, party_id
),

{{ acts_of_destinations(takes, administers) }},

-- a box of whose origin nobody tells came from whoever collected or filled what is in it
given_by as (
    select
        item.shipment_id,
        {{ agreed('given.party_id') }} as party_id
    from item
    inner join given on item.item_id = given.item_id
    group by item.shipment_id
),

-- a box whose receipt nobody recorded went where its contents were used
used_at as (
    select
        item.shipment_id,
        {{ agreed('acted.party_id') }} as party_id
    from item
    inner join acted on item.item_id = acted.item_id
    where item.shipment_count = 1
    group by item.shipment_id
),

box as (
    select
        shipment.shipment_id,
        shipment.sent_at_utc,
        shipment.received_at_utc,
        shipment.qualified_until_at_utc,
        shipment.out_of_specification_min,
        shipment.component_id,
        carried.packed_event_id,
        carried.packed_at_utc,
        carried.dispatched_event_id,
        carried.received_event_id,
        carried.carrier_party_id,
        coalesce(origin.party_id, carried.giver_party_id, given_by.party_id) as origin_party_id,
        coalesce(destination.party_id, used_at.party_id) as destination_party_id
    from {{ ref('shipment') }} as shipment
    inner join carried on shipment.shipment_id = carried.shipment_id
    left join {{ ref('site') }} as origin on shipment.from_site_id = origin.site_id
    left join {{ ref('site') }} as destination on shipment.to_site_id = destination.site_id
    left join given_by on shipment.shipment_id = given_by.shipment_id
    left join used_at on shipment.shipment_id = used_at.shipment_id
),

-- every item with what either end says of it
told as (
    select
        box.shipment_id,
        item.item_id,
        item.lot_id,
        item.shipment_count,
        max(case when given.party_id = box.origin_party_id or held.item_id is not null then 1 else 0 end) as is_of_origin,
        max(
            case when given.party_id <> box.origin_party_id and given.is_apheresis = 1 and held.item_id is null then 1 else 0 end
        ) as is_of_another,
        max(given.is_apheresis) as is_apheresis,
        coalesce(
            max(case when given.party_id = box.origin_party_id then given.acted_at_utc end), max(held.frozen_at_utc)
        ) as given_at_utc
    from box
    inner join item on box.shipment_id = item.shipment_id
    left join given on item.item_id = given.item_id
    left join held on item.item_id = held.item_id and box.origin_party_id = held.party_id
    group by box.shipment_id, item.item_id, item.lot_id, item.shipment_count
),

-- of vials of one lot an act at a destination may be of an earlier box: what was done before this one left, or came, says nothing of it
taken as (
    select
        told.shipment_id,
        told.item_id,
        acted.event_id,
        acted.occurred_at_utc,
        acted.batch_id,
        acted.administration_id,
        coalesce(acted.party_id = box.destination_party_id, false) as is_here,
        coalesce(
            acted.therapy_order_id <> ordered.therapy_order_id and acted.subject_id <> ordered.subject_id, false
        ) as is_for_another,
        row_number() over (
            partition by told.shipment_id, acted.party_id = box.destination_party_id
            order by acted.occurred_at_utc asc, acted.event_id asc
        ) as rank_no
    from told
    inner join box on told.shipment_id = box.shipment_id
    inner join acted on told.item_id = acted.item_id
    left join ordered on told.item_id = ordered.item_id
    where
        told.shipment_count = 1
        or (
            acted.occurred_at_utc >= box.sent_at_utc
            and acted.occurred_at_utc >= coalesce(box.received_at_utc, box.sent_at_utc)
        )
),

-- donations that a batch took beside those of the box, and that came in no box; also one that was made again, of what was there before
unsent as (
    select
        taken.shipment_id,
        count(distinct fed.item_id) as item_count
    from taken
    inner join box on taken.shipment_id = box.shipment_id
    left join {{ ref('batch') }} as again on taken.batch_id = again.parent_batch_id
    inner join fed on fed.batch_id in (taken.batch_id, again.batch_id)
    left join item on fed.item_id = item.item_id
    left join given on fed.item_id = given.item_id
    where item.item_id is null and (fed.batch_id = taken.batch_id or given.acted_at_utc <= box.sent_at_utc)
    group by taken.shipment_id
),

used as (
    select
        shipment_id,
        count(distinct case when is_here then item_id end) as here_count,
        count(distinct item_id) as any_count,
        max(case when is_here and is_for_another then 1 else 0 end) as is_for_another,
        max(case when is_here and rank_no = 1 then event_id end) as event_id,
        min(case when is_here then occurred_at_utc end) as acted_at_utc,
        {{ agreed('case when is_here then batch_id end') }} as batch_id,
        {{ agreed('case when is_here then administration_id end') }} as administration_id
    from taken
    group by shipment_id
),

-- vials of one lot that were used at another place came in another box
packed as (
    select
        told.shipment_id,
        count(*) as item_count,
        count(told.lot_id) as lot_count,
        count(case when told.is_of_origin = 1 then 1 end) as origin_count,
        max(case when told.is_of_origin = 0 and told.is_of_another = 1 then 1 else 0 end) as is_of_another,
        max(coalesce(told.is_apheresis, 0)) as is_apheresis,
        max(told.given_at_utc) as given_at_utc,
        max(told.shipment_count) as shipment_count,
        count(ordered.item_id) as ordered_count
    from told
    left join ordered on told.item_id = ordered.item_id
    group by told.shipment_id
),

-- frozen before or after, as far as anybody says
frozen as (
    select distinct item.shipment_id
    from item
    inner join {{ ref('product') }} as product on item.din_id = product.din_id
    where product.state_code = 'cryopreserved'
),

discarded as (
    select
        item.shipment_id,
        max(gone.occurred_date) as discarded_date
    from item
    inner join said as gone on item.item_id = gone.item_id
    where gone.event_type = 'product_discarded'
    group by item.shipment_id
),

described as (
    select
        box.*,
        discarded.discarded_date,
        used.event_id as used_event_id,
        used.acted_at_utc as used_at_utc,
        used.batch_id,
        used.administration_id,
        packed.given_at_utc,
        packed.item_count,
        packed.origin_count,
        coalesce(used.here_count, 0) as here_count,
        coalesce(unsent.item_count, 0) as unsent_count,
        coalesce(packed.is_of_another, 0) = 1 as is_of_another,
        coalesce(
            used.is_for_another = 1 or (used.here_count = 0 and used.any_count > 0 and packed.shipment_count = 1), false
        ) as is_for_another,
        coalesce(packed.lot_count > 0, origin_maker.party_id is not null) as is_drug_product,
        coalesce(packed.ordered_count, 1) > 0 as is_ordered,
        coalesce(packed.is_apheresis = 0 and packed.origin_count > 0, false) as is_cord_blood,
        frozen.shipment_id is not null as is_frozen,
        destination_maker.party_id is not null as is_for_maker,
        -- of a box that nobody packed on record, where it came from and went says what was in it
        packed.item_count > 0 or (box.origin_party_id is not null and box.destination_party_id is not null) as is_known
    from box
    left join packed on box.shipment_id = packed.shipment_id
    left join used on box.shipment_id = used.shipment_id
    left join unsent on box.shipment_id = unsent.shipment_id
    left join frozen on box.shipment_id = frozen.shipment_id
    left join discarded on box.shipment_id = discarded.shipment_id
    left join maker as origin_maker on box.origin_party_id = origin_maker.party_id
    left join maker as destination_maker on box.destination_party_id = destination_maker.party_id
)

select
    case when is_drug_product then 'H13' else 'H07' end as handoff_code,
    shipment_id,
    cast(null as {{ type_of('text') }}) as collection_id,
    cast(null as {{ type_of('text') }}) as batch_id,
    cast(null as {{ type_of('text') }}) as administration_id,
    shipment_id || '|to_carrier' as item_id,
    origin_party_id as sender_party_id,
    carrier_party_id as receiver_party_id,
    packed_event_id as sender_event_id,
    dispatched_event_id as receiver_event_id,
    given_at_utc as sender_last_act_at_utc,
    packed_at_utc as sent_at_utc,
    sent_at_utc as received_at_utc,
    cast(null as {{ type_of('instant') }}) as receiver_first_act_at_utc,
    cast(nullif(origin_count, 0) as {{ type_of('integer') }}) as sender_item_count,
    cast(item_count as {{ type_of('integer') }}) as receiver_item_count,
    {{ nulls('number', ['sender_cells_10_9', 'receiver_cells_10_9']) }},
    given_at_utc is not null as has_sender_time,
    sent_at_utc is not null as has_receiver_time,
    is_of_another as is_contradicted,
    discarded_date,
    {{ nulls('instant', ['qualified_until_at_utc']) }},
    {{ nulls('number', ['out_of_specification_min', 'transit_limit_h']) }},
    -- no limit is published for the wait at the origin; after three days somebody has forgotten the box
    cast(72 as {{ type_of('number') }}) as open_limit_h,
    component_id
from described
where coalesce(packed_at_utc, sent_at_utc) is not null and is_known
union all
select
    case
        when is_drug_product and is_ordered then 'H14'
        when is_drug_product then 'H20'
        when is_cord_blood then 'H19'
        when is_for_maker then 'H08'
        when destination_party_id is not null then 'H18'
    end as handoff_code,
    shipment_id,
    cast(null as {{ type_of('text') }}) as collection_id,
    batch_id,
    administration_id,
    shipment_id || '|by_carrier' as item_id,
    carrier_party_id as sender_party_id,
    destination_party_id as receiver_party_id,
    dispatched_event_id as sender_event_id,
    coalesce(received_event_id, used_event_id) as receiver_event_id,
    cast(null as {{ type_of('instant') }}) as sender_last_act_at_utc,
    sent_at_utc,
    received_at_utc,
    used_at_utc as receiver_first_act_at_utc,
    cast(item_count as {{ type_of('integer') }}) as sender_item_count,
    cast(nullif(here_count + unsent_count, 0) as {{ type_of('integer') }}) as receiver_item_count,
    {{ nulls('number', ['sender_cells_10_9', 'receiver_cells_10_9']) }},
    true as has_sender_time,
    used_at_utc is not null as has_receiver_time,
    is_for_another or unsent_count > 0 as is_contradicted,
    discarded_date,
    qualified_until_at_utc,
    out_of_specification_min,
    -- `handoffs.csv`: 72 hours from door to process for fresh cells, 48 for a fresh graft, ten days in a dry shipper
    cast(
        case when is_drug_product or is_frozen then 240 when is_for_maker then 72 else 48 end as {{ type_of('number') }}
    ) as transit_limit_h,
    cast(240 as {{ type_of('number') }}) as open_limit_h,
    component_id
from described
where sent_at_utc is not null and is_known
