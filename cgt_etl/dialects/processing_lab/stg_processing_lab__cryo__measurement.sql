{%- set kept = [
    'source_delivery', 'source_row', 'source_item', 'source_object', 'party_id', 'site_id', 'sequence', 'record_key', 'sample', 'din',
    'viability_method_code', 'received_at_utc', 'received_local', 'received_date', 'received_precision', 'received_zone_source',
    'freeze_started_at_utc', 'freeze_started_local', 'freeze_started_date', 'freeze_started_precision', 'freeze_started_zone_source',
] -%}
{%- set stated = [
    'is_anonymous', 'measurement', 'specimen', 'value', 'unit', 'value_status', 'value_code', 'method', 'replicate', 'comparator', 'value_raw',
    'unit_raw', 'status', 'basis', 'occurred', 'din_token', 'sample_token',
] -%}

with in_column as (
    {{- unpivot_measurements(ref('stg_processing_lab__cryo'), measurement_columns('processing_lab', 'cryo'), kept) }}
),

said as (
    select
        {{ fact_columns('dmso') }},
        din,
        {{ nulls('text', ['sample']) }},
        'dmso_pct' as measurement,
        {{ nulls('text', ['method', 'value_code']) }},
        {{ nulls('integer', ['replicate']) }},
        dmso__raw as value_raw,
        '%' as unit_raw,
        cast(dmso_pct as {{ type_of('number') }}) as value_stated,
        'ok' as value_status,
        'final' as status,
        {{ time_from_instant('freeze_started', 'occurred') }}
    from {{ ref('stg_processing_lab__cryo') }}
    where dmso_pct is not null

    union all

    select
        {{ fact_columns('sterility') }},
        din,
        {{ nulls('text', ['sample']) }},
        'sterility_product' as measurement,
        {{ nulls('text', ['method']) }},
        sterility_code as value_code,
        {{ nulls('integer', ['replicate']) }},
        sterility__raw as value_raw,
        {{ nulls('text', ['unit_raw']) }},
        {{ nulls('number', ['value_stated']) }},
        'ok' as value_status,
        case when sterility_code = 'no_growth_to_date' then 'preliminary' else 'final' end as status,
        {{ no_time(['occurred']) }}
    from {{ ref('stg_processing_lab__cryo') }}
    where sterility_code is not null

    union all

    select
        of_sample.source_delivery,
        of_sample.source_row,
        of_sample.source_item,
        of_sample.source_object,
        of_sample.fact,
        of_sample.party_id,
        of_sample.site_id,
        of_sample.sequence,
        of_sample.record_key,
        of_sample.din,
        of_sample.sample,
        of_sample.measurement,
        case when of_sample.measurement = 'product_viability_pre' then of_sample.viability_method_code else of_sample.method end as method,
        {{ nulls('text', ['value_code']) }},
        {{ nulls('integer', ['replicate']) }},
        of_sample.value_raw,
        of_sample.unit_raw,
        of_sample.value_stated,
        of_sample.value_status,
        'final' as status,
        {{ time_from_instant('received', 'occurred', 'of_sample') }}
    from in_column as of_sample
    where of_sample.measurement <> 'cryo_volume_per_bag'

    union all

    select
        of_bag.source_delivery,
        of_bag.source_row,
        of_bag.source_item,
        of_bag.source_object,
        of_bag.fact,
        of_bag.party_id,
        of_bag.site_id,
        of_bag.sequence,
        of_bag.record_key,
        of_bag.din,
        {{ nulls('text', ['sample']) }},
        of_bag.measurement,
        of_bag.method,
        {{ nulls('text', ['value_code']) }},
        case of_bag.fact when 'bag_1_ml' then 1 when 'bag_2_ml' then 2 else 3 end as replicate,
        of_bag.value_raw,
        of_bag.unit_raw,
        of_bag.value_stated,
        of_bag.value_status,
        'final' as status,
        {{ time_from_instant('freeze_started', 'occurred', 'of_bag') }}
    from in_column as of_bag
    where of_bag.measurement = 'cryo_volume_per_bag' and of_bag.value_stated is not null
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
    false as is_anonymous,
    said.measurement,
    vocabulary.specimen,
    {{ converted('said.value_stated') }} as value,
    units.canonical_unit as unit,
    case when said.value_stated is not null and units.factor is null then 'unit_unknown' else said.value_status end as value_status,
    said.value_code,
    said.method,
    said.replicate,
    {{ nulls('text', ['comparator']) }},
    said.value_raw,
    said.unit_raw,
    said.status,
    -- the log counts T cells among leukocytes and says of no other fraction what it is of
    case when said.measurement = 'product_cd3_pct' then 'cd45_positive' end as basis,
    {{ landed_time('occurred', 'said') }},
    said.din as din_token,
    -- of what was measured of the whole sample: each of its components says it again
    said.sample as sample_token,
    {{ unstated('measurement', stated) }}
from said
left join {{ ref('measurements') }} as vocabulary on said.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on said.measurement = units.measurement and said.unit_raw = units.unit
