{#
  What the models of handoffs are written with: the papers that a kind needs, findings that name a custody record, what destinations do.
#}

{# Station of a custody record -> the papers that it lists. Origin and carrier list at pick-up, carrier and destination at delivery. #}
{% macro papers_of_custody() %}
    {%- set taking = ['waybill', 'custody_form', 'invoice', 'xray_notice'] -%}
    {%- set giving = ['custody_form', 'proof_of_delivery', 'logger_file', 'product_papers'] -%}
    {{ return({'packed': taking, 'picked_up': taking, 'delivered': giving, 'received': giving}) }}
{% endmacro %}

{# Kind of handoff -> the papers of `handoffs.csv`; donor summary, unit report and certificate of analysis are papers of the product. #}
{% macro papers_of_handoffs() %}
    {{ return({
        'H07': ['waybill', 'custody_form', 'invoice', 'xray_notice'],
        'H13': ['waybill', 'custody_form'],
        'H08': ['proof_of_delivery', 'logger_file'],
        'H14': ['proof_of_delivery', 'logger_file', 'custody_form'],
        'H18': ['product_papers'],
        'H19': ['product_papers'],
        'H20': ['product_papers'],
    }) }}
{% endmacro %}

{# Whether all papers of the kind in `code` were there: false where one was not, null where one is not said. `taker` tells which side. #}
{% macro has_papers(code, relation, taker) -%}
    case {{ code }}
        {%- for kind, papers in papers_of_handoffs().items() %}
        {%- set station = ('picked_up' if taker else 'packed') if kind in ('H07', 'H13') else ('received' if taker else 'delivered') %}
        when '{{ kind }}'
            then
                {%- for paper in papers %}
                {{ relation }}.has_{{ station }}_{{ paper }} {{- ' and' if not loop.last }}
                {%- endfor %}
        {%- endfor %}
    end
{%- endmacro %}

{# Findings of handoffs that show in `column` and rest on the shipment's custody record, which they name; a `where` follows. #}
{% macro custody_finding(rule, column) -%}
    select
        '{{ rule }}' as rule_id,
        'flag' as effect,
        'handoff' as table_name,
        handoff.handoff_id as row_key,
        handoff.journey_id,
        journey.subject_id,
        checked.source_delivery,
        checked.source_row,
        '{{ column }}' as column_name,
        handoff.component_id
    from {{ ref('handoff') }} as handoff
    inner join {{ ref('int_shipment__checked') }} as checked on handoff.shipment_id = checked.shipment_id
    left join {{ ref('journey') }} as journey on handoff.journey_id = journey.journey_id
{%- endmacro %}

{#
  Tables of a `with` that has `said`, events that stand with their `item_id`: `fed` (donation, batch that took it), `ordered` (whose cells
  an item is) and `acted` (what a destination did to an item, and for whom). `takes` begin a batch, `administers` are the bedside's.
#}
{% macro acts_of_destinations(takes, administers) -%}
step as (
    select
        batch_id,
        from_party_id as party_id,
        event_id,
        occurred_at_utc,
        row_number() over (partition by batch_id, from_party_id order by occurred_at_utc asc, event_id asc) as rank_no
    from said
    where
        event_type in (
            '{{ takes | join("',\n            '") }}'
        )
        and batch_id is not null
        and occurred_at_utc is not null
),

fed as (
    select distinct
        parent_din_id as item_id,
        child_batch_id as batch_id
    from {{ ref('int_product_edge__resolved') }}
    where edge_type = 'consume' and parent_din_id is not null and child_batch_id is not null
),

-- whose cells a donation is: two orders of two persons are two chains of identity
ordered as (
    select
        din_id as item_id,
        {{ agreed('therapy_order_id') }} as therapy_order_id,
        {{ agreed('recipient_subject_id') }} as subject_id
    from {{ ref('collection') }}
    where is_autologous and din_id is not null
    group by din_id
    union all
    select
        dose_unit.lot_id as item_id,
        {{ agreed('batch.therapy_order_id') }} as therapy_order_id,
        {{ agreed('batch.recipient_subject_id') }} as subject_id
    from {{ ref('dose_unit') }} as dose_unit
    inner join {{ ref('batch') }} as batch on dose_unit.batch_id = batch.batch_id
    where batch.therapy_order_id is not null
    group by dose_unit.lot_id
),

-- what a destination did to it, and for whom
acted as (
    select
        fed.item_id,
        step.party_id,
        step.event_id,
        step.occurred_at_utc,
        fed.batch_id,
        cast(null as {{ type_of('text') }}) as administration_id,
        batch.therapy_order_id,
        batch.recipient_subject_id as subject_id
    from fed
    inner join step on fed.batch_id = step.batch_id and step.rank_no = 1
    left join {{ ref('batch') }} as batch on fed.batch_id = batch.batch_id
    union all
    select
        infused.item_id,
        infused.party_id,
        infused.event_id,
        infused.occurred_at_utc,
        cast(null as {{ type_of('text') }}) as batch_id,
        infused.administration_id,
        administration.therapy_order_id,
        administration.subject_id
    from said as infused
    left join {{ ref('administration') }} as administration on infused.administration_id = administration.administration_id
    where
        infused.event_type in ('{{ administers | join("', '") }}')
        and infused.item_id is not null
        and infused.occurred_at_utc is not null
)
{%- endmacro %}
