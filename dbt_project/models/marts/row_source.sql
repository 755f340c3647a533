{{ config(pre_hook="{{ delete_touched() }}") }}

{#- Derived rows that come from delivered records: table, entity, key in the entity's statements. -#}
{%- set stated = [
    ('collection', 'collection', 'collection_id'),
    ('product', 'product', 'product_id'),
    ('batch', 'batch', 'batch_id'),
    ('dose_unit', 'dose_unit', 'dose_unit_id'),
    ('event', 'event', 'event_id'),
    ('subject', 'subject_fact', 'subject_id'),
    ('subject', 'subject_identifier', 'subject_id'),
    ('subject', 'diagnosis', 'subject_id'),
] -%}

with record as (
    {%- for table_name, entity, key in stated %}
    select
        '{{ table_name }}' as table_name,
        {{ key }} as row_key,
        source_delivery,
        source_row,
        component_id
    from {{ ref('int_' ~ entity ~ '__resolved') }}
    where {{ key }} is not null and {{ only_touched() }}
    union
    {%- endfor %}
    select
        'subject_identifier' as table_name,
        {{ text_of('identifier_kind') }} || '|' || issuer || '|' || identifier_id as row_key,
        source_delivery,
        source_row,
        component_id
    from {{ ref('int_subject_identifier__resolved') }}
    where identifier_id is not null and {{ only_touched() }}
    union
    select
        'administration' as table_name,
        administration_id as row_key,
        source_delivery,
        source_row,
        component_id
    from {{ ref('int_administration__resolved') }}
    where is_given and {{ only_touched() }}
    union
    select
        'product_edge' as table_name,
        parent_key || '|' || child_key || '|' || edge_type as row_key,
        source_delivery,
        source_row,
        component_id
    from {{ ref('int_product_edge__told') }}
    where {{ only_touched() }}
    union
    select
        'therapy_order' as table_name,
        {{ therapy_order_key('said.coi_id', 'said.order_id', 'named.coi_id') }} as row_key,
        said.source_delivery,
        said.source_row,
        said.component_id
    from {{ ref('int_therapy_order__resolved') }} as said
    left join {{ ref('int_therapy_order__named') }} as named on said.order_id = named.order_id
    where coalesce(said.coi_id, said.order_id) is not null and {{ only_touched('said.component_id') }}
    union
    select
        'handoff' as table_name,
        handoff.handoff_id as row_key,
        checked.source_delivery,
        checked.source_row,
        handoff.component_id
    from {{ ref('int_shipment__checked') }} as checked
    inner join {{ ref('handoff') }} as handoff on checked.shipment_id = handoff.shipment_id
    where {{ only_touched('handoff.component_id') }}
),

-- a handoff is made of the events and things that either side tells of
handed as (
    {%- for table, column in [
        ('event', 'sender_event_id'), ('event', 'receiver_event_id'), ('shipment', 'shipment_id'), ('collection', 'collection_id'),
        ('batch', 'batch_id'), ('administration', 'administration_id'),
    ] %}
    select
        'handoff' as table_name,
        handoff_id as row_key,
        '{{ table }}' as parent_table,
        {{ column }} as parent_key,
        component_id
    from {{ ref('handoff') }}
    where {{ column }} is not null and {{ only_touched() }}
    {{ 'union' if not loop.last }}
    {%- endfor %}
    union
    select
        'transition' as table_name,
        transition_id as row_key,
        case when handoff_id is null then 'batch' else 'handoff' end as parent_table,
        coalesce(handoff_id, batch_id) as parent_key,
        component_id
    from {{ ref('transition') }}
    where {{ only_touched() }}
),

parent as (
    select
        'journey' as table_name,
        journey_id as row_key,
        'subject' as parent_table,
        subject_id as parent_key,
        component_id
    from {{ ref('journey') }}
    where {{ only_touched() }}
    union all
    select
        'journey' as table_name,
        journey_id as row_key,
        'therapy_order' as parent_table,
        therapy_order_id as parent_key,
        component_id
    from {{ ref('int_journey__keyed') }}
    where therapy_order_id is not null and {{ only_touched() }}
    union all
    select
        'journey' as table_name,
        journey_id as row_key,
        'collection' as parent_table,
        collection_id as parent_key,
        component_id
    from {{ ref('collection') }}
    where journey_id is not null and {{ only_touched() }}
    union all
    select
        'journey' as table_name,
        journey_id as row_key,
        'administration' as parent_table,
        administration_id as parent_key,
        component_id
    from {{ ref('administration') }}
    where journey_id is not null and {{ only_touched() }}
    union all
    select
        'journey_event' as table_name,
        journey_id || '|' || event_id as row_key,
        'event' as parent_table,
        event_id as parent_key,
        component_id
    from {{ ref('journey_event') }}
    where {{ only_touched() }}
    union all
    -- both may have seen the receipt of what one sent the other
    select distinct
        'clock_skew' as table_name,
        party_id || '|' || other_party_id as row_key,
        'event' as parent_table,
        event_id as parent_key,
        component_id
    from {{ ref('int_clock__compared') }}
    where {{ only_touched() }}
    union all
    select * from handed
    union all
    -- a feature's row is made of its journey and of the latest facts that were known of it
    select
        'journey_features' as table_name,
        journey_id || '|' || decision_code as row_key,
        'journey' as parent_table,
        journey_id as parent_key,
        component_id
    from {{ ref('journey_features') }}
    where {{ only_touched() }}
    union all
    select distinct
        'journey_features' as table_name,
        known.journey_id || '|' || known.decision_code as row_key,
        known.source_table as parent_table,
        known.source_key as parent_key,
        journey.component_id
    from {{ ref('int_journey__known') }} as known
    inner join {{ ref('journey') }} as journey on known.journey_id = journey.journey_id
    where
        known.source_table in ('collection', 'event', 'measurement')
        and (known.rank_no = 1 or (known.collection_id is not null and known.rank_in_part_no = 1))
        and {{ only_touched('journey.component_id') }}
),

origin as (
    select
        table_name,
        row_key,
        cast(null as {{ type_of('text') }}) as parent_table,
        cast(null as {{ type_of('text') }}) as parent_key,
        source_delivery,
        source_row as source_row_first,
        source_row as source_row_last,
        component_id
    from record
    union all
    select
        table_name,
        row_key,
        parent_table,
        parent_key,
        cast(null as {{ type_of('text') }}) as source_delivery,
        cast(null as {{ type_of('integer') }}) as source_row_first,
        cast(null as {{ type_of('integer') }}) as source_row_last,
        component_id
    from parent
)

select
    {{ surrogate_key(['table_name', 'row_key', 'parent_table', 'parent_key', 'source_delivery', 'source_row_first', 'source_row_last']) }}
        as row_source_id,
    table_name,
    row_key,
    parent_table,
    parent_key,
    source_delivery,
    source_row_first,
    source_row_last,
    component_id
from origin
