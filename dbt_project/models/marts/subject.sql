{{ config(pre_hook="{{ delete_touched() }}") }}

with person as (
    select
        subject_id,
        component_id,
        is_contested
    from {{ source('identity', 'subject') }}
    union all
    -- Persons whom no identifier names, known from one record alone.
    select
        subject_id,
        component_id,
        is_contested
    from {{ ref('int_subject_fact__resolved') }}
    where is_anonymous and subject_id is not null
),

role as (
    select
        subject_id,
        subject_role
    from {{ ref('int_subject_fact__resolved') }}
    union all
    select
        subject_id,
        subject_role
    from {{ ref('int_subject_identifier__resolved') }}
),

-- a related donor has a chart at the hospital, as a patient has, whose only diagnosis says that they are a donor
charted_donor as (
    select subject_id
    from {{ ref('int_diagnosis__resolved') }}
    where {{ stands('verification_status') }} and subject_id is not null
    group by subject_id
    having min(coalesce(indication_code, '')) = 'stem_cell_donor' and max(coalesce(indication_code, '')) = 'stem_cell_donor'
),

role_of as (
    select
        role.subject_id,
        case
            when count(distinct role.subject_role) = 2 then 'both'
            when count(charted_donor.subject_id) > 0 then 'donor'
            else min(role.subject_role)
        end as role_code
    from role
    left join charted_donor on role.subject_id = charted_donor.subject_id
    group by role.subject_id
),

said_of as (
    select
        subject_id,
        {{ agreed('birth_year') }} as birth_year,
        case
            when count(distinct nullif(sex_code, 'unknown')) > 1 then null
            else coalesce(min(nullif(sex_code, 'unknown')), min(sex_code))
        end as sex_code
    from {{ ref('int_subject_fact__resolved') }}
    group by subject_id
),

-- treatment and research apart; one consent that stands is enough, whichever others were withdrawn
consented as (
    select
        subject_id,
        case
            when count(case when scope_code = 'treatment' and withdrawn_local is null then 1 end) > 0 then 'given'
            when count(case when scope_code = 'treatment' then 1 end) > 0 then 'withdrawn'
        end as treatment_consent_code,
        case
            when count(case when scope_code = 'research' and withdrawn_local is null then 1 end) > 0 then 'given'
            when count(case when scope_code = 'research' then 1 end) > 0 then 'withdrawn'
        end as research_consent_code
    from {{ ref('int_consent__resolved') }}
    where subject_id is not null
    group by subject_id
),

one as (
    select
        subject_id,
        min(component_id) as component_id,
        {{ any_true('is_contested') }} as is_contested
    from person
    where {{ only_touched() }}
    group by subject_id
)

select
    one.subject_id,
    role_of.role_code,
    said_of.birth_year,
    said_of.sex_code,
    consented.treatment_consent_code,
    consented.research_consent_code,
    one.is_contested,
    one.component_id
from one
left join role_of on one.subject_id = role_of.subject_id
left join said_of on one.subject_id = said_of.subject_id
left join consented on one.subject_id = consented.subject_id
