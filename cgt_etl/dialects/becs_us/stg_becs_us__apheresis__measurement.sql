{%- set kept = [
    'source_delivery', 'source_row', 'source_item', 'source_object', 'party_id', 'site_id', 'sequence', 'record_key',
    'din', 'product_description_code', 'code_division', 'division', 'donor_no', 'patient_mrn', 'coi', 'is_autologous',
    'proc_date_local', 'started_date',
    'completed_at_utc', 'completed_local', 'completed_date', 'completed_precision', 'completed_zone_source',
] -%}

with apheresis as (
    select * from {{ ref('stg_becs_us__apheresis') }}
),

stated as (
    {{- unpivot_measurements('apheresis', measurement_columns('becs_us', 'apheresis'), kept) }}
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
    case when stated.is_autologous then stated.patient_mrn else stated.donor_no end as subject_token,
    stated.coi as coi_token,
    case when stated.is_autologous then 'patient' else 'donor' end as subject_role,
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
    -- a blood sample before or after the run has a date and no time; everything else is known when the run ends
    case when stated.timepoint is null then stated.completed_at_utc end as occurred_at_utc,
    case when stated.timepoint is null then stated.completed_local else stated.proc_date_local end as occurred_local,
    case when stated.timepoint is null then stated.completed_date else stated.started_date end as occurred_date,
    case when stated.timepoint is not null then 'day' else stated.completed_precision end as occurred_precision,
    case when stated.timepoint is not null then 'none' else stated.completed_zone_source end as occurred_zone_source,
    {{ no_time(['recorded']) }},
    stated.din as din_token,
    case when stated.stated_specimen = 'product' then stated.product_description_code end as product_description_code,
    case when stated.stated_specimen = 'product' then {{ bag_division('stated.code_division', 'stated.division') }} end as division,
    {{ nulls('text', ['batch_token', 'lot_token', 'sample_token']) }}
from stated
left join {{ ref('measurements') }} as vocabulary on stated.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on stated.measurement = units.measurement and stated.unit_raw = units.unit
