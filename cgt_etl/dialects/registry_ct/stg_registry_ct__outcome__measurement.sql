{#- Grades, responses and survival of this feed are outcomes; dose, weight and prior lines are its measurements. -#}
{%- set columns = measurement_columns('registry_ct', 'outcome') | selectattr('column', 'in', ['dose_e8', 'wt_kg', 'prior_lines']) | list -%}
{%- set kept = [
    'source_delivery', 'source_row', 'source_item', 'source_object', 'party_id', 'site_id', 'sequence', 'record_key',
    'crid', 'coi', 'batch', 'infdate_date', 'infdate_local', 'infdate_precision',
] -%}

with stated as (
    {{- unpivot_measurements(ref('stg_registry_ct__outcome'), columns, kept) }}
)

select
    stated.source_delivery,
    stated.source_row,
    stated.source_item,
    stated.source_object,
    stated.fact,
    stated.party_id,
    stated.site_id,
    stated.sequence,
    stated.record_key,
    stated.crid as subject_token,
    stated.coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    stated.measurement,
    {{ canonical_measurement() }},
    stated.method,
    stated.timepoint,
    {{ nulls('integer', ['replicate']) }},
    stated.comparator,
    stated.value_raw,
    stated.unit_raw,
    {{ nulls('text', ['value_code', 'loinc_code', 'basis']) }},
    'final' as status,
    {{ time_from_date('infdate', 'occurred', 'stated') }},
    {{ no_time(['recorded']) }},
    {{ nulls('text', ['din_token', 'product_description_code', 'division']) }},
    case when stated.measurement = 'dose_infused_abs' then stated.batch end as batch_token,
    {{ nulls('text', ['lot_token', 'sample_token']) }}
from stated
left join {{ ref('measurements') }} as vocabulary on stated.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on stated.measurement = units.measurement and stated.unit_raw = units.unit
