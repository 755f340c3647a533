{#- Days to engraftment and survival are outcomes; body weight and the CD34 dose are measurements of the vocabulary. -#}
{%- set columns = measurement_columns('uci_bmt', 'transplant')
    | selectattr('column', 'in', ['recipient_body_mass', 'cd34_x1e6_per_kg']) | list -%}
{%- set kept = [
    'source_delivery', 'source_row', 'source_item', 'source_object', 'party_id', 'site_id', 'sequence', 'record_key',
] -%}
{#- Characteristics of donor, recipient and pair that the vocabulary has no measurement for keep the name of their column. -#}
{%- set codes = [
    ('donor_cmv_code', 'idm_cmv_igg', 'donor'),
    ('recipient_cmv_code', 'idm_cmv_igg', 'patient'),
    ('donor_abo_code', 'abo_rh', 'donor'),
    ('recipient_abo_code', 'abo_rh', 'patient'),
    ('hla_match_code', 'hla_match', 'patient'),
    ('hla_mismatch_code', 'hla_mismatch', 'patient'),
    ('hla_difference_code', 'hla_difference', 'patient'),
    ('gender_match_code', 'gender_match', 'patient'),
    ('abo_match_code', 'abo_match', 'patient'),
    ('risk_group_code', 'risk_group', 'patient'),
    ('recipient_age_band_code', 'age_band', 'patient'),
] -%}
{%- set numbers = [
    ('cmv_compatibility', '{score}'),
    ('hla_antigen_differences', '{count}'),
    ('hla_allele_differences', '{count}'),
    ('cd3_x1e8_per_kg', '10*8/kg'),
    ('cd3_to_cd34_ratio', '{ratio}'),
] -%}
{%- set flags = [('is_donor_below_35', 'donor'), ('is_recipient_below_10', 'patient')] -%}

with transplant as (
    select * from {{ ref('stg_uci_bmt__transplant') }}
),

stated as (
    {{- unpivot_measurements('transplant', columns, kept) }}
),

fact as (
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
        'patient' as subject_role,
        stated.measurement,
        {{ canonical_measurement() }},
        stated.timepoint,
        stated.value_raw,
        stated.unit_raw,
        {{ nulls('text', ['value_code']) }}
    from stated
    left join {{ ref('measurements') }} as vocabulary on stated.measurement = vocabulary.measurement
    left join {{ ref('unit_map') }} as units on stated.measurement = units.measurement and stated.unit_raw = units.unit

    {%- for column, measurement, role in codes %}

    union all

    select
        {{ fact_columns(column) }},
        '{{ role }}' as subject_role,
        '{{ measurement }}' as measurement,
        {{ nulls('text', ['specimen']) }},
        {{ nulls('number', ['value']) }},
        {{ nulls('text', ['unit']) }},
        'ok' as value_status,
        {{ nulls('text', ['timepoint', 'value_raw', 'unit_raw']) }},
        {{ column }} as value_code
    from transplant
    where {{ column }} is not null
    {%- endfor %}

    {%- for column, unit in numbers %}

    union all

    select
        {{ fact_columns(column) }},
        'patient' as subject_role,
        '{{ column }}' as measurement,
        {{ nulls('text', ['specimen']) }},
        cast({{ column }} as {{ type_of('number') }}) as value,
        '{{ unit }}' as unit,
        'ok' as value_status,
        {{ nulls('text', ['timepoint', 'value_raw', 'unit_raw', 'value_code']) }}
    from transplant
    where {{ column }} is not null
    {%- endfor %}

    {%- for column, role in flags %}

    union all

    select
        {{ fact_columns(column) }},
        '{{ role }}' as subject_role,
        '{{ column }}' as measurement,
        {{ nulls('text', ['specimen']) }},
        {{ nulls('number', ['value']) }},
        {{ nulls('text', ['unit']) }},
        'ok' as value_status,
        {{ nulls('text', ['timepoint', 'value_raw', 'unit_raw']) }},
        case when {{ column }} then 'yes' else 'no' end as value_code
    from transplant
    where {{ column }} is not null
    {%- endfor %}
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
    {{ nulls('text', ['subject_token', 'coi_token']) }},
    subject_role,
    true as is_anonymous,
    measurement,
    specimen,
    {{ nulls('text', ['method']) }},
    timepoint,
    {{ nulls('integer', ['replicate']) }},
    {{ nulls('text', ['comparator']) }},
    value_raw,
    unit_raw,
    value,
    unit,
    value_code,
    value_status,
    'final' as status,
    {{ nulls('text', ['loinc_code', 'basis']) }},
    {{ no_time(['occurred', 'recorded']) }},
    {{ nulls('text', ['din_token', 'product_description_code', 'division', 'batch_token', 'lot_token', 'sample_token']) }}
from fact
