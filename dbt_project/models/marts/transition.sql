{#- Stage of a handoff -> where it begins and ends, whose hours those are, at which end of the shipment, and its limit. -#}
{%- set stages = {
    'before_giving': ('sender_last_act_at_utc', 'sent_at_utc', 'sender_party_id', 'from_site_id', none),
    'on_the_way': (
        'sent_at_utc', 'received_at_utc', "case when handoff_code in ('H07', 'H13') then receiver_party_id else sender_party_id end",
        none, 'transit_limit_h',
    ),
    'until_first_use': (
        "case when handoff_code = 'H10' then sent_at_utc else received_at_utc end", 'receiver_first_act_at_utc', 'receiver_party_id',
        'to_site_id', none,
    ),
} -%}
{%- set works = [
    'manufacturing_started', 'starting_material_thawed', 'selection_completed', 'activation_started', 'transduction_or_editing',
    'in_process_check',
] -%}

-- what lies in store until somebody needs it (cord blood, off-the-shelf vials) waits for nobody before it is given
with stored as (
    select distinct shipment_id
    from {{ ref('handoff') }}
    where handoff_code in ('H19', 'H20') and shipment_id is not null
),

leg as (
    select
        handoff.*,
        shipment.from_site_id,
        shipment.to_site_id,
        stored.shipment_id is not null as is_stored
    from {{ ref('handoff') }} as handoff
    left join {{ ref('shipment') }} as shipment on handoff.shipment_id = shipment.shipment_id
    left join stored on handoff.shipment_id = stored.shipment_id
    where handoff.handoff_code is not null
),

handed as (
    {%- for stage_code, (entered, ended, party, site, limit_h) in stages.items() %}
    select
        handoff_code || '_{{ stage_code }}' as transition_code,
        '{{ stage_code }}' as stage_code,
        handoff_code,
        handoff_id as item_id,
        handoff_id,
        journey_id,
        batch_id,
        {{ party }} as party_id,
        {%- if site %}
        {{ site }} as site_id,
        {%- else %}
        -- who carries is at neither end
        cast(null as {{ type_of('text') }}) as site_id,
        {%- endif %}
        {{ entered }} as entered_at_utc,
        {{ ended }} as ended_at_utc,
        {{ limit_h or 'cast(null as ' ~ type_of('number') ~ ')' }} as limit_h,
        status_code as handoff_status_code,
        component_id
    from leg
    {%- if stage_code == 'before_giving' %}
    where not is_stored
    {%- elif stage_code == 'on_the_way' %}
    -- of samples no feed states the receipt
    where handoff_code <> 'H10'
    {%- elif stage_code == 'until_first_use' %}
    -- a carrier uses nothing
    where handoff_code not in ('H07', 'H13')
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- from the first thing a manufacturer did with the cells to the filling of its batch, at one place
made as (
    select
        batch_id,
        {{ agreed('from_party_id') }} as party_id,
        {{ agreed('site_id') }} as site_id,
        min(
            case when event_type not in ('drug_product_filled', 'batch_terminated') then occurred_at_utc end
        ) as entered_at_utc,
        max(case when event_type = 'drug_product_filled' then occurred_at_utc end) as ended_at_utc,
        max(case when event_type = 'batch_terminated' then 1 else 0 end) as is_terminated,
        min(component_id) as component_id
    from {{ ref('event') }}
    where
        batch_id is not null
        and event_type in (
            'drug_product_filled', 'batch_terminated',
            '{{ works | join("',\n            '") }}'
        )
        and {{ stands('status_code') }}
    group by batch_id
),

-- whose journey a batch is; null where several are given from it
meant as (
    select
        batch.batch_id,
        {{ agreed('journey_event.journey_id') }} as journey_id
    from {{ ref('event') }} as batch
    inner join {{ ref('journey_event') }} as journey_event on batch.event_id = journey_event.event_id
    where batch.batch_id is not null
    group by batch.batch_id
),

spanned as (
    select
        transition_code,
        stage_code,
        handoff_code,
        item_id,
        handoff_id,
        journey_id,
        batch_id,
        party_id,
        site_id,
        entered_at_utc,
        ended_at_utc,
        limit_h,
        handoff_status_code,
        0 as is_terminated,
        component_id
    from handed
    union all
    select
        'manufacture' as transition_code,
        'manufacture' as stage_code,
        {{ nulls('text', ['handoff_code']) }},
        made.batch_id as item_id,
        {{ nulls('text', ['handoff_id']) }},
        meant.journey_id,
        made.batch_id,
        made.party_id,
        made.site_id,
        made.entered_at_utc,
        made.ended_at_utc,
        {{ nulls('number', ['limit_h']) }},
        {{ nulls('text', ['handoff_status_code']) }},
        made.is_terminated,
        made.component_id
    from made
    left join meant on made.batch_id = meant.batch_id
),

-- the edge of the data, as for open handoffs
edge as (
    select max(occurred_at_utc) as edge_at_utc
    from {{ ref('event') }}
    where event_type in ('shipment_packed', 'shipment_dispatched', 'shipment_received') and {{ stands('status_code') }}
),

timed as (
    select
        spanned.*,
        edge.edge_at_utc,
        coalesce(journey.product_name_code, batch.product_name_code) as product_name_code,
        {{ seconds_between('spanned.entered_at_utc', 'spanned.ended_at_utc') }} as span_s,
        {{ seconds_between('spanned.entered_at_utc', 'edge.edge_at_utc') }} as to_edge_s
    from spanned
    cross join edge
    left join {{ ref('journey') }} as journey on spanned.journey_id = journey.journey_id
    left join {{ ref('batch') }} as batch on spanned.batch_id = batch.batch_id
    where spanned.entered_at_utc is not null
),

ended as (
    select
        timed.*,
        case
            when timed.span_s < 0 then 'impossible'
            when timed.ended_at_utc is not null then 'ended'
            when timed.is_terminated = 1 then 'terminated'
            when timed.handoff_status_code in ('lost', 'cancelled') then timed.handoff_status_code
            -- the receiver has it, so that it was given and came: when, nobody says
            when timed.handoff_status_code = 'received' and timed.stage_code <> 'until_first_use' then 'not_stated'
            else 'open'
        end as status_code
    from timed
)

select
    {{ surrogate_key(["'transition'", 'transition_code', 'item_id']) }} as transition_id,
    transition_code,
    stage_code,
    handoff_code,
    handoff_id,
    journey_id,
    batch_id,
    party_id,
    site_id,
    product_name_code,
    entered_at_utc,
    ended_at_utc,
    status_code,
    case when status_code = 'ended' then round(span_s / 3600.0, 6) end as duration_h,
    -- what began after the last that a carrier told has been open for no time
    case
        when status_code = 'open' and to_edge_s > 0 then round(to_edge_s / 3600.0, 6)
        when status_code = 'open' then 0
    end as open_h,
    limit_h,
    component_id
from ended
