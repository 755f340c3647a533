{{ config(materialized='ephemeral') }}

-- A person's first consent to treatment comes after what it was for: of a recipient, conditioning or infusion; of a donor for somebody
-- else, the collection. By instants where both are known, else by local dates, where the same day is in order. Of whom no consent is told
-- nothing is.
with consented as (
    select
        subject_id,
        min(occurred_date) as consented_date,
        -- only where every consent of the first day says when
        case when count(occurred_at_utc) = count(*) then min(occurred_at_utc) end as consented_at_utc
    from {{ ref('event') }}
    where
        event_type = 'consent_recorded'
        and coalesce(detail_code, 'treatment') = 'treatment'
        and subject_id is not null
        and occurred_date is not null
    group by subject_id
),

acted as (
    select event.*
    from {{ ref('event') }} as event
    left join {{ ref('collection') }} as collection on event.collection_id = collection.collection_id
    where
        event.event_type in ('lymphodepletion_started', 'conditioning_started', 'infusion_started')
        or (event.event_type = 'apheresis_started' and not collection.is_autologous and event.subject_id = collection.donor_subject_id)
)

select
    'R20' as rule_id,
    'flag' as effect,
    'event' as table_name,
    acted.event_id as row_key,
    only_one.journey_id,
    acted.subject_id,
    acted.source_delivery,
    acted.source_row,
    'occurred_date' as column_name,
    acted.component_id
from acted
inner join consented on acted.subject_id = consented.subject_id
left join {{ ref('int_subject__journey') }} as only_one on acted.subject_id = only_one.subject_id
where
    acted.occurred_date < consented.consented_date
    or (acted.occurred_date = consented.consented_date and acted.occurred_at_utc < consented.consented_at_utc)
