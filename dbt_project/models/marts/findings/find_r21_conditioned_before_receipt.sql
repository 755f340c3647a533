{{ config(materialized='ephemeral') }}

-- Lymphodepletion was begun before the cells for the infusion that follows it had arrived. A product made at the point of care is never
-- received, and is not judged. By instants where both are known, else by local dates, where the same day is in order.
with step as (
    select
        *,
        case event_type when 'dp_received_at_site' then 1 when 'lymphodepletion_started' then 2 else 3 end as order_of_day
    from {{ ref('timeline') }}
    where
        kind = 'event'
        and event_type in ('lymphodepletion_started', 'dp_received_at_site', 'infusion_started')
        and occurred_date is not null
),

-- what belongs together: everything up to an infusion, after the one before it
numbered as (
    select
        *,
        count(case when event_type = 'infusion_started' then 1 end) over (
            partition by journey_id
            order by occurred_date, order_of_day, timeline_id
            rows between unbounded preceding and 1 preceding
        ) as infusions_before
    from step
),

received as (
    select
        journey_id,
        infusions_before,
        min(occurred_date) as received_date,
        case when count(occurred_at_utc) = count(*) then min(occurred_at_utc) end as received_at_utc
    from numbered
    where event_type = 'dp_received_at_site'
    group by journey_id, infusions_before
)

select
    'R21' as rule_id,
    'flag' as effect,
    'event' as table_name,
    begun.source_key as row_key,
    begun.journey_id,
    begun.subject_id,
    begun.source_delivery,
    begun.source_row,
    'occurred_date' as column_name,
    begun.component_id
from numbered as begun
inner join received on begun.journey_id = received.journey_id and begun.infusions_before = received.infusions_before
where
    begun.event_type = 'lymphodepletion_started'
    and (
        begun.occurred_date < received.received_date
        or (begun.occurred_date = received.received_date and begun.occurred_at_utc < received.received_at_utc)
    )
