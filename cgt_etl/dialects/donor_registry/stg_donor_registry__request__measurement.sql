{%- set kept = [
    'source_delivery', 'source_row', 'source_item', 'source_object', 'party_id', 'site_id', 'sequence', 'record_key', 'grid',
    'requested_date', 'requested_local', 'requested_precision',
] -%}

with number as (
    {{- unpivot_measurements(ref('stg_donor_registry__request'), measurement_columns('donor_registry', 'request'), kept) }}
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
        grid,
        measurement,
        stated_specimen,
        timepoint,
        value_raw,
        unit_raw,
        value_stated,
        {{ nulls('text', ['value_code']) }},
        value_status,
        {{ time_from_date('requested', 'occurred') }}
    from number

    union all

    select
        {{ fact_columns('typed') }},
        grid,
        'hla_typing' as measurement,
        {{ nulls('text', ['stated_specimen']) }},
        'confirmatory' as timepoint,
        {{ nulls('text', ['value_raw', 'unit_raw']) }},
        {{ nulls('number', ['value_stated']) }},
        'typed' as value_code,
        'ok' as value_status,
        {{ time_from_date('typed', 'occurred') }}
    from {{ ref('stg_donor_registry__request') }}
    where typed_local is not null

    union all

    select
        {{ fact_columns('donor_cmv') }},
        grid,
        'idm_cmv_igg' as measurement,
        {{ nulls('text', ['stated_specimen', 'timepoint', 'value_raw', 'unit_raw']) }},
        {{ nulls('number', ['value_stated']) }},
        donor_cmv_code as value_code,
        'ok' as value_status,
        {{ no_time(['occurred']) }}
    from {{ ref('stg_donor_registry__request') }}
    where donor_cmv_code is not null
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
    said.grid as subject_token,
    'donor' as subject_role,
    false as is_anonymous,
    said.measurement,
    {{ canonical_measurement('said') }},
    said.timepoint,
    said.value_raw,
    said.unit_raw,
    said.value_code,
    'final' as status,
    {{ landed_time('occurred', 'said') }},
    {{ unstated('measurement', [
        'subject_token', 'subject_role', 'is_anonymous', 'measurement', 'specimen', 'value', 'unit', 'value_status', 'timepoint', 'value_raw',
        'unit_raw', 'value_code', 'status', 'occurred',
    ]) }}
from said
left join {{ ref('measurements') }} as vocabulary on said.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on said.measurement = units.measurement and said.unit_raw = units.unit
