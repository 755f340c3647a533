{%- set kept = [
    'source_delivery', 'source_row', 'source_item', 'source_object', 'party_id', 'site_id', 'sequence', 'record_key',
    'din', 'product_description_code', 'code_division', 'division', 'donor', 'viability_method_code',
    'collected_at_utc', 'collected_local', 'collected_date', 'collected_precision', 'collected_zone_source',
    'frozen_at_utc', 'frozen_local', 'frozen_date', 'frozen_precision', 'frozen_zone_source',
] -%}
{#- The mother's blood is tested in the place of the infant's: of the donation, and of no person that the record names. -#}
{%- set tests = [
    ('hiv', 'idm_hiv_ab_ag', none),
    ('hbsag', 'idm_hbsag', none),
    ('hcv', 'idm_hcv_ab', none),
    ('syphilis', 'idm_syphilis', none),
    ('cmv', 'idm_cmv_igg', none),
    ('hla_status', 'hla_typing', 'donor'),
] -%}

with unit as (
    select * from {{ ref('stg_cord_bank__unit') }}
),

number as (
    {{- unpivot_measurements('unit', measurement_columns('cord_bank', 'unit'), kept) }}
),

said as (
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
        donor as subject_token,
        measurement,
        stated_specimen,
        case when measurement = 'product_viability_pre' then viability_method_code else method end as method,
        timepoint,
        case fact when 'compartment_1_ml' then 1 when 'compartment_2_ml' then 2 end as replicate,
        comparator,
        value_raw,
        unit_raw,
        value_stated,
        {{ nulls('text', ['value_code']) }},
        value_status,
        -- before processing is the collection; whatever was counted or measured after it is of the frozen unit
        {%- for part in time_columns_of('') %}
        case when timepoint = 'pre_processing' then collected{{ part }} when coalesce(timepoint, '') <> 'segment' then frozen{{ part }} end
            as occurred{{ part }},
        {%- endfor %}
        din,
        case when timepoint = 'pre_processing' then null else product_description_code end as product_description_code,
        case when timepoint = 'pre_processing' then null else {{ bag_division() }} end as division
    from number

    {%- for column, measurement, of in tests %}

    union all

    select
        {{ fact_columns(column) }},
        {{ 'donor' if of else text_literal(none) }} as subject_token,
        '{{ measurement }}' as measurement,
        {{ nulls('text', ['stated_specimen', 'method', 'timepoint']) }},
        {{ nulls('integer', ['replicate']) }},
        {{ nulls('text', ['comparator', 'value_raw', 'unit_raw']) }},
        {{ nulls('number', ['value_stated']) }},
        {{ column }}_code as value_code,
        'ok' as value_status,
        {{ no_time(['occurred']) }},
        din,
        {{ nulls('text', ['product_description_code', 'division']) }}
    from unit
    where {{ column }}_code is not null
    {%- endfor %}
)

select
    said.source_delivery,
    said.source_row,
    said.source_item,
    said.source_object,
    said.fact,
    said.party_id,
    said.site_id,
    said.sequence,
    said.record_key,
    said.subject_token,
    case when said.subject_token is not null then 'donor' end as subject_role,
    false as is_anonymous,
    said.measurement,
    {{ canonical_measurement('said') }},
    said.method,
    said.timepoint,
    said.replicate,
    said.comparator,
    said.value_raw,
    said.unit_raw,
    said.value_code,
    'final' as status,
    {{ landed_time('occurred', 'said') }},
    said.din as din_token,
    said.product_description_code,
    said.division,
    {{ unstated('measurement', [
        'subject_token', 'subject_role', 'is_anonymous', 'measurement', 'specimen', 'value', 'unit', 'value_status', 'method', 'timepoint',
        'replicate', 'comparator', 'value_raw', 'unit_raw', 'value_code', 'status', 'occurred', 'din_token', 'product_description_code',
        'division',
    ]) }}
from said
left join {{ ref('measurements') }} as vocabulary on said.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on said.measurement = units.measurement and said.unit_raw = units.unit
