{#
  Staging of EPCIS events, whichever way a courier writes them: JSON and XML say the same, and their contracts give the same columns.
  `dialect` is the folder; its feed is `epcis`.
#}

{# Events as landed, under our names; terms mapped by code_map. #}
{% macro epcis_record(dialect) -%}
select
    {{ landed_columns(dialect ~ '__epcis__epcis') }},
    {{ mapped('landed.event_type', 'epcis_event_type') }} as kind_code,
    {{ mapped('landed.biz_step', 'epcis_biz_step') }} as step_code,
    {{ mapped('landed.event_action', 'epcis_action') }} as action_code,
    {{ mapped('landed.disposition', 'epcis_disposition') }} as disposition_code,
    -- what tells events apart, as written
    step,
    parent,
    first_thing,
    event_id,
    read_point,
    sensed,
    -- which things, where and whose
    container,
    first_container,
    disposition_set,
    disposition_unset,
    location,
    transformation_id,
    from_party as from_gln,
    to_party as to_gln,
    logger,
    {{ time_from_instant('event_time', 'occurred') }},
    utc_offset,
    {{ landed_time('recorded') }},
    -- a declared error has taken its event back at the door; when and why is kept for the audit
    {{ landed_time('declared_error') }},
    error_reason
from {{ source(dialect, 'epcis__epcis') }} as landed
{%- endmacro %}

{# Rows of one list inside events, as landed, with its own columns. #}
{% macro epcis_list(dialect, object, columns) -%}
select
    {{ landed_columns(dialect ~ '__epcis__' ~ object) }},
    {{ columns | join(',\n    ') }}
from {{ source(dialect, 'epcis__' ~ object) }}
{%- endmacro %}

{# Reports of sensors of whatever kind, as landed. #}
{% macro epcis_sensor(dialect) -%}
select
    {{ landed_columns(dialect ~ '__epcis__sensor') }},
    report_type,
    value,
    min_value,
    max_value,
    mean_value,
    standard_deviation,
    percentile_rank,
    percentile_value,
    string_value,
    boolean_value,
    uom,
    exception,
    {{ landed_time('read_at') }}
from {{ source(dialect, 'epcis__sensor') }}
{%- endmacro %}

{# What happened to a container; the columns of `event`. #}
{% macro epcis_event(dialect) -%}
{%- set stated = [
    'event_type', 'occurred', 'recorded', 'status', 'is_anonymous', 'din_token', 'lot_token', 'sscc_token', 'logger_token',
    'from_party_id', 'to_party_id', 'from_gln', 'to_gln',
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
        said.container as sscc_token,
        said.logger as logger_token,
        said.from_gln,
        said.to_gln
    from {{ ref('stg_' ~ dialect ~ '__epcis') }} as said
    inner join {{ ref('stg_' ~ dialect ~ '__epcis__' ~ object) }} as content
        on said.source_delivery = content.source_delivery and said.source_row = content.source_row
    -- what is taken out again was not packed then
    where
        said.step_code = 'shipment_packed' and said.kind_code = 'aggregation' and coalesce(said.action_code, 'add') = 'add'
        and content.{{ 'din' if object == 'content' else 'lot' }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

moved as (
    {#- of the step; and of the condition that the things were found in, whatever the step. A container is one of the things that the
        event is about, or the one that holds them -#}
    {%- set facts = [
        ('step', 'said.step_code', "said.step_code not in ('shipment_packed', 'sensor_reporting', 'none')"),
        ('condition', 'said.disposition_code', "said.disposition_code = 'deviation_opened'"),
    ] -%}
    {%- for fact, event_type, condition in facts %}
    select
        {{ fact_columns(fact, 'container') }},
        {{ event_type }} as event_type,
        {{ landed_time('occurred', 'said') }},
        {{ landed_time('recorded', 'said') }},
        {{ nulls('text', ['din_token', 'lot_token']) }},
        container.sscc as sscc_token,
        said.logger as logger_token,
        said.from_gln,
        said.to_gln
    from {{ ref('stg_' ~ dialect ~ '__epcis') }} as said
    inner join {{ ref('stg_' ~ dialect ~ '__epcis__container') }} as container
        on said.source_delivery = container.source_delivery and said.source_row = container.source_row
    where {{ condition }} and container.sscc is not null
    union all
    select
        {{ fact_columns(fact, 'said') }},
        {{ event_type }} as event_type,
        {{ landed_time('occurred', 'said') }},
        {{ landed_time('recorded', 'said') }},
        {{ nulls('text', ['din_token', 'lot_token']) }},
        said.container as sscc_token,
        said.logger as logger_token,
        said.from_gln,
        said.to_gln
    from {{ ref('stg_' ~ dialect ~ '__epcis') }} as said
    where {{ condition }} and said.container is not null and said.kind_code in ('aggregation', 'transaction')
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
    logger_token,
    -- the courier's own part: it takes what is dispatched and gives what is received
    case when event_type = 'shipment_received' then party_id end as from_party_id,
    case when event_type = 'shipment_dispatched' then party_id end as to_party_id,
    from_gln,
    to_gln,
    {{ unstated('event', stated) }}
from event
{%- endmacro %}

{# Temperatures that sensors of a shipment report; the columns of `measurement`. #}
{% macro epcis_measurement(dialect) -%}
{%- set stated = [
    'is_anonymous', 'measurement', 'specimen', 'method', 'comparator', 'value_raw', 'unit_raw', 'value', 'unit', 'value_status', 'status',
    'occurred', 'recorded',
] -%}
{#- column, what it is of the readings since the last report -#}
{%- set columns = [('value', none), ('min_value', 'minimum'), ('max_value', 'maximum')] -%}

-- a temperature is a shipper's where the event is about a container, or about what one holds
with shipped as (
    select
        source_delivery,
        source_row
    from {{ ref('stg_' ~ dialect ~ '__epcis') }}
    where container is not null
    union
    select
        source_delivery,
        source_row
    from {{ ref('stg_' ~ dialect ~ '__epcis__container') }}
    where sscc is not null
),

report as (
    {%- for column, statistic in columns %}
    select
        {{ fact_columns(column, 'report') }},
        {{ text_literal(statistic) }} as method,
        report.{{ column }} as value_stated,
        report.{{ column }}__raw as value_raw,
        report.{{ column }}__status as value_status,
        report.uom,
        {{ landed_time('occurred', 'said') }},
        {{ landed_time('recorded', 'said') }}
    from {{ ref('stg_' ~ dialect ~ '__epcis__temperature') }} as report
    inner join {{ ref('stg_' ~ dialect ~ '__epcis') }} as said
        on report.source_delivery = said.source_delivery and report.source_row = said.source_row
    inner join shipped on report.source_delivery = shipped.source_delivery and report.source_row = shipped.source_row
    where {{ is_stated('report.' ~ column ~ '__status') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    report.source_delivery,
    report.source_row,
    report.source_item,
    report.source_object,
    report.fact,
    report.party_id,
    report.site_id,
    report.sequence,
    report.record_key,
    false as is_anonymous,
    'logger_temp' as measurement,
    'shipper' as specimen,
    report.method,
    {{ nulls('text', ['comparator']) }},
    report.value_raw,
    report.uom as unit_raw,
    {{ converted('report.value_stated') }} as value,
    units.canonical_unit as unit,
    case when units.factor is null then 'unit_unknown' else report.value_status end as value_status,
    'final' as status,
    {{ landed_time('occurred', 'report') }},
    {{ landed_time('recorded', 'report') }},
    {{ unstated('measurement', stated) }}
from report
left join {{ ref('unit_map') }} as units on units.measurement = 'logger_temp' and report.uom = units.unit
{%- endmacro %}

{# Lots that were packed; the columns of `dose_unit`. #}
{% macro epcis_dose_unit(dialect) -%}
select
    {{ fact_columns('dose_unit') }},
    lot as lot_token,
    {{ unstated('dose_unit', ['lot_token']) }}
from {{ ref('stg_' ~ dialect ~ '__epcis__lot') }}
where lot is not null
{%- endmacro %}

{# Bags that a transformation takes and makes; the columns of `product`. #}
{% macro epcis_product(dialect) -%}
{%- set stated = ['din_token', 'is_autologous', 'product_code', 'product_description_code', 'division'] -%}

{%- for side in ['input', 'output'] %}
select
    {{ fact_columns('product') }},
    din as din_token,
    false as is_autologous,
    product_code,
    product_code as product_description_code,
    division,
    {{ unstated('product', stated) }}
from {{ ref('stg_' ~ dialect ~ '__epcis__' ~ side) }}
where din is not null and product_code is not null
{{ 'union all' if not loop.last }}
{%- endfor %}
{%- endmacro %}

{#
  From each bag that a transformation takes to each that it makes; the columns of `product_edge`. An event does not say what was done: what takes
  several bags pools them, what makes several divides, what makes one of another code has changed it.
#}
{% macro epcis_product_edge(dialect) -%}
{%- set stated = [
    'edge_type', 'parent_din_token', 'parent_product_description_code', 'parent_division', 'child_din_token',
    'child_product_description_code', 'child_division',
] -%}

with taken as (
    select
        *,
        count(*) over (partition by source_delivery, source_row) as bag_count
    from {{ ref('stg_' ~ dialect ~ '__epcis__input') }}
    where din is not null and product_code is not null
),

made as (
    select
        *,
        count(*) over (partition by source_delivery, source_row) as bag_count
    from {{ ref('stg_' ~ dialect ~ '__epcis__output') }}
    where din is not null and product_code is not null
)

select
    made.source_delivery,
    made.source_row,
    made.source_item,
    made.source_object,
    'from_' || {{ text_of('taken.source_item') }} as fact,
    made.party_id,
    made.site_id,
    made.sequence,
    made.record_key,
    case
        when taken.bag_count > 1 then 'pool'
        when made.bag_count > 1 or taken.product_code = made.product_code then 'split'
        else 'transform'
    end as edge_type,
    taken.din as parent_din_token,
    taken.product_code as parent_product_description_code,
    taken.division as parent_division,
    made.din as child_din_token,
    made.product_code as child_product_description_code,
    made.division as child_division,
    {{ unstated('product_edge', stated) }}
from made
inner join taken on made.source_delivery = taken.source_delivery and made.source_row = taken.source_row
{%- endmacro %}
