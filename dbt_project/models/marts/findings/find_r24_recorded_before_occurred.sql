{{ config(materialized='ephemeral') }}

-- A record that says it was made before what it tells of, by more than a minute (many clocks say no seconds) and by more than its partner's
-- clock may differ from the others'. Judged by the whole network: each night may change the estimate for every record there is.
with clock as (
    {{ clock_allowances() }}
),

stated as (
    {%- for table, key in [('event', 'event_id'), ('measurement', 'measurement_id')] %}
    select
        '{{ table }}' as table_name,
        said.{{ key }} as row_key,
        released.subject_id,
        said.party_id,
        said.occurred_at_utc,
        said.recorded_at_utc,
        said.source_delivery,
        said.source_row,
        said.component_id
    from {{ ref('int_' ~ table ~ '__resolved') }} as said
    inner join {{ ref(table) }} as released on said.{{ key }} = released.{{ key }}
    where {{ stands('said.status') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select distinct
    'R24' as rule_id,
    'flag' as effect,
    stated.table_name,
    stated.row_key,
    cast(null as {{ type_of('text') }}) as journey_id,
    stated.subject_id,
    stated.source_delivery,
    stated.source_row,
    'occurred_at_utc' as column_name,
    stated.component_id
from stated
left join clock on stated.party_id = clock.party_id
where {{ seconds_between('stated.recorded_at_utc', 'stated.occurred_at_utc') }} > 60 + coalesce(clock.allowed_s, 0)
