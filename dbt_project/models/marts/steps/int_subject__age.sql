{{ config(materialized='ephemeral') }}

-- Full birth date where all records that state one to the day agree, and the age that a record states for its treatment. Build only.
select
    subject_id,
    {{ agreed("case when birth_precision = 'day' then birth_date end") }} as birth_date,
    {{ agreed('stated_age_years') }} as stated_age_years
from {{ ref('int_subject_fact__resolved') }}
where subject_id is not null
group by subject_id
