with fact as (
    {{ standing_facts('wearable_minute') }}
),

named as (
    select
        {{ resolved_columns('wearable_minute') }},
        {{ subject_id() }} as subject_id,
        by_device.release_token as device_id,
        {{ own_columns('wearable_minute') }}
    from fact
    {{ join_identifiers('fact', ['subject', 'coi', 'device']) }}
    where fact.minute_at_utc is not null
),

ranked as (
    select
        named.*,
        row_number() over (
            partition by named.subject_id, named.device_id, named.minute_at_utc
            order by named.wearable_minute_statement_id asc
        ) as rank_no
    from named
    where named.subject_id is not null and named.device_id is not null
)

select *
from ranked
where rank_no = 1
