{{ config(materialized='ephemeral') }}

-- Two records of one autologous collection, named by its donation, name two patients: each has a number of one issuer, and not the same.
-- One of the two records has another patient's number. Both are shown, each with the patient that it names.
with said as (
    select
        collection_id,
        recipient_subject_id as subject_id,
        source_delivery,
        source_row,
        component_id
    from {{ ref('int_collection__resolved') }}
    where din_id is not null and recipient_subject_id is not null
),

autologous as (
    select collection_id
    from {{ ref('int_collection__resolved') }}
    where is_autologous
    group by collection_id
),

-- numbers of which an issuer gives a person one, but for those that it merges
numbered as (
    select distinct
        subject_id,
        identifier_kind,
        issuer
    from {{ ref('subject_identifier') }}
    where identifier_kind in ('mrn', 'patient_internal_id', 'fhir_patient_id', 'donor_id', 'crid')
),

two as (
    select distinct one.collection_id
    from said as one
    inner join autologous on one.collection_id = autologous.collection_id
    inner join said as other on one.collection_id = other.collection_id and one.subject_id < other.subject_id
    inner join numbered as of_one on one.subject_id = of_one.subject_id
    inner join numbered as of_other
        on
            other.subject_id = of_other.subject_id
            and of_one.identifier_kind = of_other.identifier_kind
            and of_one.issuer = of_other.issuer
)

select
    'R06' as rule_id,
    'flag' as effect,
    'collection' as table_name,
    said.collection_id as row_key,
    collection.journey_id,
    said.subject_id,
    said.source_delivery,
    said.source_row,
    'recipient_subject_id' as column_name,
    said.component_id
from said
inner join two on said.collection_id = two.collection_id
left join {{ ref('collection') }} as collection on said.collection_id = collection.collection_id
