{#
  Staging of batch records, whichever way a manufacturing execution system writes them: parameters by unit operation, what a batch is, how it
  ended. `model` is a staging model with a row per parameter (or per batch, without unit operation and measurement) and these columns:
  batch, coi, vector_lot, rework_of, process_version, unit_operation, event_type, measurement, culture_day, method, basis, value, unit, seen,
  status_code; a model whose parameters are points of a process also equipment, one whose rows name lots also `<material>_lot` and
  `<material>_expiry_date`.
#}

{# Which step, and what was read there, of the landed parameters `landed`. #}
{% macro batch_parameter() -%}
    -- which step; the parameter's name holds its culture day, its method and its basis
    {{ mapped('landed.unit_operation', 'mes_unit_operation') }} as unit_operation,
    {{ mapped('landed.unit_operation', 'mes_event') }} as event_type,
    {{ mapped('landed.parameter', 'mes_parameter') }} as measurement,
    cast({{ mapped('landed.parameter', 'mes_culture_day') }} as {{ type_of('integer') }}) as culture_day,
    {{ mapped('landed.parameter', 'mes_method') }} as method,
    {{ mapped('landed.parameter', 'mes_basis') }} as basis,
    value,
    value__comparator,
    value__raw,
    value__status,
    unit
{%- endmacro %}

{# The batch of a row; the columns of `batch`. #}
{% macro batch_record_batch(model) -%}
{%- set stated = [
    'batch_token', 'coi_token', 'parent_batch_token', 'process_version', 'gene_agent_lot_token', 'ended', 'disposition_code',
] -%}

select
    {{ fact_columns('batch') }},
    batch as batch_token,
    coi as coi_token,
    rework_of as parent_batch_token,
    process_version,
    vector_lot as gene_agent_lot_token,
    -- a batch ends with its harvest, or where it was given up
    {%- for part, kind in time_columns_of('').items() %}
    case when event_type = 'harvest_completed' or status_code = 'terminated' then seen{{ part }} end as ended{{ part }},
    {%- endfor %}
    status_code as disposition_code,
    {{ unstated('batch', stated) }}
from {{ ref(model) }}
{%- endmacro %}

{# Bags (`donations`, a model with `din` and `division`, null where none is said) that went into a batch; the columns of `product_edge`. #}
{% macro batch_record_input(donations, model) -%}
select
    {{ fact_columns('din', 'donation') }},
    'consume' as edge_type,
    donation.din as parent_din_token,
    donation.division as parent_division,
    record.batch as child_batch_token,
    {{ unstated('product_edge', ['edge_type', 'parent_din_token', 'parent_division', 'child_batch_token']) }}
from {{ ref(donations) }} as donation
inner join {{ ref(model) }} as record
    on donation.source_delivery = record.source_delivery and donation.source_row = record.source_row
where donation.din is not null
{%- endmacro %}

{# Unit operations, the end of a batch given up, deviations; the columns of `event`. #}
{% macro batch_record_event(model) -%}
{%- set stated = [
    'event_type', 'occurred', 'status', 'coi_token', 'subject_role', 'is_anonymous', 'batch_token', 'from_party_id',
] -%}
{%- set happened = [
    ('unit_operation', 'event_type', "measurement <> 'exception_flag'"),
    ('batch_terminated', "'batch_terminated'", "status_code = 'terminated'"),
    ('deviation_opened', "'deviation_opened'", "measurement = 'exception_flag' and value__status = 'flagged'"),
] -%}

{%- for fact, event_type, condition in happened %}
select
    {{ fact_columns(fact) }},
    {{ event_type }} as event_type,
    {{ time_from_instant('seen', 'occurred') }},
    'completed' as status,
    coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    batch as batch_token,
    party_id as from_party_id,
    {{ unstated('event', stated) }}
from {{ ref(model) }}
where {{ condition }}
{{ 'union all' if not loop.last }}
{%- endfor %}
{%- endmacro %}

{# Parameters in their canonical units; the columns of `measurement`. #}
{% macro batch_record_measurement(model) -%}
{%- set stated = [
    'coi_token', 'subject_role', 'is_anonymous', 'measurement', 'specimen', 'method', 'timepoint', 'comparator', 'value_raw', 'unit_raw',
    'value', 'unit', 'value_status', 'status', 'basis', 'occurred', 'batch_token',
] -%}

select
    {{ fact_columns('value', 'record') }},
    record.coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    record.measurement,
    vocabulary.specimen,
    record.method,
    'in_process' as timepoint,
    record.value__comparator as comparator,
    record.value__raw as value_raw,
    record.unit as unit_raw,
    {{ converted('record.value') }} as value,
    units.canonical_unit as unit,
    case when record.value is not null and units.factor is null then 'unit_unknown' else record.value__status end as value_status,
    'final' as status,
    record.basis,
    {{ time_from_instant('seen', 'occurred', 'record') }},
    record.batch as batch_token,
    {{ unstated('measurement', stated) }}
from {{ ref(model) }} as record
left join {{ ref('measurements') }} as vocabulary on record.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on record.measurement = units.measurement and record.unit = units.unit
where record.measurement <> 'exception_flag' and {{ is_stated('record.value__status') }}
{%- endmacro %}

{# Parameters as points of a batch's process; the columns of `process_point`. #}
{% macro batch_record_process_point(model) -%}
select
    {{ fact_columns('value', 'record') }},
    record.batch as batch_token,
    record.unit_operation,
    record.measurement as parameter,
    record.basis as denominator_code,
    record.culture_day,
    {{ converted('record.value') }} as value,
    units.canonical_unit as unit,
    record.equipment
from {{ ref(model) }} as record
inner join {{ ref('unit_map') }} as units on record.measurement = units.measurement and record.unit = units.unit
-- a censored value is a bound: it stands in the measurements, where its comparator is
where record.value is not null and record.value__comparator is null
{%- endmacro %}

{# The chain-of-identity id of a row; the columns of `subject_identifier`. #}
{% macro batch_record_subject_identifier(model) -%}
select
    {{ fact_columns('coi') }},
    coi as identifier_token,
    'patient' as subject_role,
    {{ unstated('subject_identifier', ['identifier_token', 'subject_role']) }}
from {{ ref(model) }}
where coi is not null
{%- endmacro %}

{# The chain-of-identity id of a row; the columns of `therapy_order`. #}
{% macro batch_record_therapy_order(model) -%}
select
    {{ fact_columns('therapy_order') }},
    coi as coi_token,
    {{ unstated('therapy_order', ['coi_token']) }}
from {{ ref(model) }}
where coi is not null
{%- endmacro %}

{# Lots used up, one for each of `materials` that a row names with the last day of its use; the columns of `material_lot`. #}
{% macro batch_record_material_lot(model, materials) -%}
    {%- for material in materials %}
select
    {{ fact_columns(material ~ '_lot') }},
    batch as batch_token,
    '{{ material }}' as material_code,
    {{ material }}_lot as material_lot_token,
    {{ material }}_expiry_date as expiry_date
from {{ ref(model) }}
where {{ material }}_lot is not null
{{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
