{%- set minute = 'named.subject_id, named.device_id, named.minute_at_utc' -%}
{%- set heart = 'case when named.heart_rate_per_min is null then 1 else 0 end asc, named.wearable_minute_statement_id asc' -%}

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

-- steps and heart rate of a minute may come apart, from two resources: each is the first that is stated, worn before not worn
ranked as (
    select
        named.*,
        first_value(named.heart_rate_per_min) over (partition by {{ minute }} order by {{ heart }}) as heart_rate,
        first_value(named.source_delivery) over (partition by {{ minute }} order by {{ heart }}) as heart_rate_source_delivery,
        first_value(named.source_row) over (partition by {{ minute }} order by {{ heart }}) as heart_rate_source_row,
        max(case when named.is_worn then 1 when not named.is_worn then 0 end) over (partition by {{ minute }}) as worn,
        row_number() over (
            partition by {{ minute }}
            order by
                case when named.steps is null or not coalesce(named.is_worn, true) then 1 else 0 end asc,
                named.wearable_minute_statement_id asc
        ) as rank_no
    from named
    where named.subject_id is not null and named.device_id is not null
)

select
    wearable_minute_statement_id,
    source_delivery,
    source_row,
    source_item,
    source_object,
    fact,
    party_id,
    site_id,
    sequence,
    component_id,
    is_contested,
    subject_id,
    device_id,
    subject_role,
    is_anonymous,
    {{ time_from_instant('minute', 'minute') }},
    steps,
    heart_rate as heart_rate_per_min,
    case when heart_rate is not null then heart_rate_source_delivery end as heart_rate_source_delivery,
    case when heart_rate is not null then heart_rate_source_row end as heart_rate_source_row,
    worn = 1 as is_worn
from ranked
where rank_no = 1
