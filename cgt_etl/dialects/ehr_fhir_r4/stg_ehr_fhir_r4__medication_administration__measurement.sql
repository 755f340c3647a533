-- the dose of a cell product is a measurement of its own; doses of other drugs are not in the vocabulary
select
    {{ fact_columns('dose', 'given') }},
    given.patient as subject_token,
    given.coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    'dose_infused_abs' as measurement,
    {{ nulls('text', ['specimen', 'method', 'timepoint']) }},
    {{ nulls('integer', ['replicate']) }},
    given.dose__comparator as comparator,
    given.dose__raw as value_raw,
    given.dose_unit_raw as unit_raw,
    {{ converted('given.dose') }} as value,
    units.canonical_unit as unit,
    {{ nulls('text', ['value_code']) }},
    case when given.dose is not null and units.factor is null then 'unit_unknown' else given.dose__status end as value_status,
    'final' as status,
    {{ nulls('text', ['loinc_code', 'basis']) }},
    {{ time_from_instant('started', 'occurred', 'given') }},
    {{ time_from_instant('last_updated', 'recorded', 'given') }},
    {{ nulls('text', ['din_token', 'product_description_code', 'division', 'batch_token', 'sample_token']) }},
    given.lot as lot_token
from {{ ref('stg_ehr_fhir_r4__medication_administration') }} as given
left join {{ ref('unit_map') }} as units on units.measurement = 'dose_infused_abs' and given.dose_unit_raw = units.unit
where given.product_name_code is not null and {{ is_stated('given.dose__status') }}
