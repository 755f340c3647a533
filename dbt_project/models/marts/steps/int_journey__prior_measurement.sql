{{ config(materialized='ephemeral') }}

-- The latest count of each kind at or before the decision, of the recipient, from the timeline; post-collection counts and limits left out.
select
    journey_id,
    measurement,
    measurement_id,
    value
from (
    select
        decision.journey_id,
        timeline.measurement,
        timeline.source_key as measurement_id,
        timeline.value,
        row_number() over (partition by decision.journey_id, timeline.measurement order by timeline.position desc) as rank_no
    from {{ ref('int_journey__decision') }} as decision
    inner join {{ ref('timeline') }} as timeline on decision.journey_id = timeline.journey_id
    inner join {{ ref('measurement') }} as measured
        on
            timeline.source_key = measured.measurement_id
            and timeline.subject_id = measured.subject_id
    where
        timeline.kind = 'measurement'
        and timeline.measurement in ('pb_cd3_abs', 'pb_alc', 'pb_hgb', 'pb_plt')
        and timeline.value is not null
        and timeline.comparator is null
        and coalesce(measured.timepoint_code, '') <> 'post'
        and {{ is_at_or_before('timeline', 'decision') }}
) as ranked
where rank_no = 1
