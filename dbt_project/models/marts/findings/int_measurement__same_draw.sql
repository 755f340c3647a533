{{ config(materialized='ephemeral') }}

-- Blood counts of one person at one time, side by side: by the instant, else by what was said of the time at one site. Limits left out.
select
    subject_id,
    occurred_date,
    coalesce({{ text_of('occurred_at_utc') }}, occurred_local) as said_time,
    site_id,
    max(case when measurement = 'pb_wbc' then {{ as_decimal('value') }} end) as wbc,
    max(case when measurement = 'pb_alc' then {{ as_decimal('value') }} end) as lymphocytes,
    max(case when measurement = 'pb_anc' then {{ as_decimal('value') }} end) as neutrophils,
    max(case when measurement = 'pb_mono_abs' then {{ as_decimal('value') }} end) as monocytes,
    max(case when measurement = 'pb_cd3_abs' then {{ as_decimal('value') }} end) as cd3,
    max(case when measurement = 'pb_cd4_abs' then {{ as_decimal('value') }} end) as cd4,
    max(case when measurement = 'pb_cd8_abs' then {{ as_decimal('value') }} end) as cd8,
    min(case when measurement = 'pb_wbc' then measurement_id end) as wbc_id,
    min(case when measurement = 'pb_cd3_abs' then measurement_id end) as cd3_id
from {{ ref('measurement') }}
where
    measurement in ('pb_wbc', 'pb_alc', 'pb_anc', 'pb_mono_abs', 'pb_cd3_abs', 'pb_cd4_abs', 'pb_cd8_abs')
    and subject_id is not null
    and occurred_local is not null
    and value is not null
    and comparator is null
    and {{ stands('status_code') }}
group by subject_id, occurred_date, coalesce({{ text_of('occurred_at_utc') }}, occurred_local), site_id, coalesce(timepoint_code, '')
