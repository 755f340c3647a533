{%- set said = [
    'subject_token', 'subject_role', 'is_anonymous', 'measurement', 'specimen', 'comparator', 'value_raw', 'unit_raw', 'value', 'unit',
    'value_code', 'value_status', 'status', 'loinc_code', 'occurred', 'recorded', 'sample_token',
] -%}

with stated as (
    select
        {{ fact_columns('value', 'result') }},
        coalesce(message.mrn, message.internal_id) as patient,
        result.loinc,
        -- the laboratory's own code means one thing here; LOINC says by itself what it is
        coalesce(terms.measurement, case when result.loinc is null then result.local_measurement end) as measurement,
        result.value as value_stated,
        result.value__comparator as comparator,
        result.value__raw as value_raw,
        case when result.value_code is not null then 'ok' else result.value__status end as value_status,
        coalesce(result.toxicity_finding_code, result.value_code) as value_code,
        result.specimen_id,
        result.unit as unit_raw,
        result.status_code,
        {{ landed_time('occurred', 'result') }},
        {{ landed_time('sent', 'message') }}
    from {{ ref('stg_ehr_hl7v2__result__observation') }} as result
    inner join {{ ref('stg_ehr_hl7v2__result') }} as message
        on result.source_delivery = message.source_delivery and result.source_row = message.source_row
    left join {{ ref('loinc_map') }} as terms on result.loinc = terms.loinc
    -- D and W of HL7 table 0085 take the result away
    where
        ({{ is_stated('result.value__status') }} or result.value_code is not null)
        and coalesce(result.status_code, '') <> 'entered_in_error'
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
    'patient' as subject_role,
    false as is_anonymous,
    -- a code that no vocabulary has is kept with its text, without a canonical value
    coalesce(stated.measurement, 'unmapped') as measurement,
    vocabulary.specimen,
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
    stated.status_code as status,
    stated.loinc as loinc_code,
    {{ landed_time('occurred', 'stated') }},
    {{ time_from_instant('sent', 'recorded', 'stated') }},
    stated.specimen_id as sample_token,
    {{ unstated('measurement', said) }}
from stated
left join {{ ref('measurements') }} as vocabulary on stated.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on stated.measurement = units.measurement and stated.unit_raw = units.unit
