{%- set stated = [
    'event_type', 'occurred', 'recorded', 'status', 'is_anonymous', 'din_token', 'lot_token', 'sscc_token', 'from_party_id', 'to_party_id',
] -%}

with packed as (
    {#- object of what is packed, whether it names a donation or a lot -#}
    {%- for object, din, lot in [('content', 'content.din', 'null'), ('lot', 'null', 'content.lot')] %}
    select
        {{ fact_columns('shipment_packed', 'content') }},
        'shipment_packed' as event_type,
        {{ landed_time('occurred', 'said') }},
        {{ landed_time('recorded', 'said') }},
        cast({{ din }} as {{ type_of('text') }}) as din_token,
        cast({{ lot }} as {{ type_of('text') }}) as lot_token,
        said.container as sscc_token
    from {{ ref('stg_courier_epcis__epcis') }} as said
    inner join {{ ref('stg_courier_epcis__epcis__' ~ object) }} as content
        on said.source_delivery = content.source_delivery and said.source_row = content.source_row
    -- what is taken out again was not packed then
    where said.step_code = 'shipment_packed' and coalesce(said.action_code, 'add') = 'add'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

moved as (
    {#- of the step; and of the condition that the things were found in, whatever the step -#}
    {%- for fact, event_type, condition in [
        ('step', 'said.step_code', "said.step_code not in ('shipment_packed', 'sensor_reporting')"),
        ('condition', 'said.disposition_code', "said.disposition_code = 'deviation_opened'"),
    ] %}
    select
        {{ fact_columns(fact, 'container') }},
        {{ event_type }} as event_type,
        {{ landed_time('occurred', 'said') }},
        {{ landed_time('recorded', 'said') }},
        {{ nulls('text', ['din_token', 'lot_token']) }},
        container.sscc as sscc_token
    from {{ ref('stg_courier_epcis__epcis') }} as said
    inner join {{ ref('stg_courier_epcis__epcis__container') }} as container
        on said.source_delivery = container.source_delivery and said.source_row = container.source_row
    where {{ condition }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

event as (
    select * from packed
    union all
    select * from moved
)

select
    source_delivery,
    source_row,
    source_item,
    source_object,
    fact,
    party_id,
    site_id,
    sequence,
    record_key,
    event_type,
    {{ landed_time('occurred') }},
    {{ landed_time('recorded') }},
    'completed' as status,
    false as is_anonymous,
    din_token,
    lot_token,
    sscc_token,
    -- the courier's own part: it takes what is dispatched and gives what is received
    case when event_type = 'shipment_received' then party_id end as from_party_id,
    case when event_type = 'shipment_dispatched' then party_id end as to_party_id,
    {{ unstated('event', stated) }}
from event
