with stated as (
    select
        {{ fact_columns('value') }},
        patient,
        loinc,
        local_measurement,
        method,
        comparator,
        value__raw as value_raw,
        unit_raw,
        value as value_stated,
        -- a reason given for no result stands in place of the status of an empty cell
        case
            when value_code is not null then 'ok'
            when value is null and absent_reason_code is not null then absent_reason_code
            else value__status
        end as value_status,
        value_code,
        status,
        {{ landed_time('effective') }},
        {{ landed_time('issued') }},
        specimen as sample
    from {{ ref('stg_ehr_fhir_r4__observation') }}
    where {{ is_stated('value__status') }} or value_code is not null or absent_reason_code is not null

    union all

    select
        {{ fact_columns('value', 'part') }},
        whole.patient,
        part.loinc,
        {{ nulls('text', ['local_measurement']) }},
        whole.method,
        part.comparator,
        part.value__raw as value_raw,
        part.unit_raw,
        part.value as value_stated,
        part.value__status as value_status,
        {{ nulls('text', ['value_code']) }},
        whole.status,
        {{ landed_time('effective', 'whole') }},
        {{ landed_time('issued', 'whole') }},
        whole.specimen as sample
    from {{ ref('stg_ehr_fhir_r4__observation__component') }} as part
    inner join {{ ref('stg_ehr_fhir_r4__observation') }} as whole
        on part.source_delivery = whole.source_delivery and part.source_row = whole.source_row
    where {{ is_stated('part.value__status') }}
),

coded as (
    select
        stated.*,
        -- a local code means one thing here; LOINC says by itself what it is
        coalesce(terms.measurement, case when stated.loinc is null then stated.local_measurement end) as measurement
    from stated
    left join {{ ref('loinc_map') }} as terms on stated.loinc = terms.loinc
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
    stated.patient as subject_token,
    {{ nulls('text', ['coi_token']) }},
    'patient' as subject_role,
    false as is_anonymous,
    -- a code that the vocabulary does not have is kept with its code and its text, without a canonical value
    coalesce(stated.measurement, 'unmapped') as measurement,
    vocabulary.specimen,
    stated.method,
    {{ nulls('text', ['timepoint']) }},
    {{ nulls('integer', ['replicate']) }},
    stated.comparator,
    stated.value_raw,
    stated.unit_raw,
    {{ converted('stated.value_stated') }} as value,
    units.canonical_unit as unit,
    stated.value_code,
    case
        when stated.value_stated is not null and stated.measurement is null then 'unmapped'
        when stated.value_stated is not null and units.factor is null then 'unit_unknown'
        else stated.value_status
    end as value_status,
    stated.status,
    stated.loinc as loinc_code,
    {{ nulls('text', ['basis']) }},
    {{ time_from_instant('effective', 'occurred', 'stated') }},
    {{ time_from_instant('issued', 'recorded', 'stated') }},
    {{ nulls('text', ['din_token', 'product_description_code', 'division', 'batch_token', 'lot_token']) }},
    stated.sample as sample_token
from coded as stated
left join {{ ref('measurements') }} as vocabulary on stated.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on stated.measurement = units.measurement and stated.unit_raw = units.unit
