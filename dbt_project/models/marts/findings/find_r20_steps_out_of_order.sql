{{ config(materialized='ephemeral') }}

-- Steps of one journey that must not come in the other order: the first of the earlier kind against the first of the later kind.
-- By instants where both are known, else by local dates, where the same day is in order.
{%- set orders = [
    ('apheresis_started', 'apheresis_completed'),
    ('apheresis_completed', 'starting_material_accepted'),
    ('apheresis_completed', 'manufacturing_started'),
    ('apheresis_completed', 'infusion_started'),
    ('starting_material_accepted', 'manufacturing_started'),
    ('manufacturing_started', 'harvest_completed'),
    ('harvest_completed', 'batch_released'),
    ('batch_released', 'infusion_started'),
    ('lymphodepletion_started', 'infusion_started'),
    ('infusion_started', 'infusion_completed'),
] %}
with required as (
    {%- for earlier, later in orders %}
    select '{{ earlier }}' as earlier_type, '{{ later }}' as later_type
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

first_of_type as (
    select
        journey_id,
        subject_id,
        event_type,
        occurred_at_utc,
        occurred_date,
        source_key,
        source_delivery,
        source_row,
        component_id,
        row_number() over (partition by journey_id, event_type order by position) as rank_no
    from {{ ref('timeline') }}
    where kind = 'event' and occurred_date is not null
)

select distinct
    'R20' as rule_id,
    'flag' as effect,
    'event' as table_name,
    later.source_key as row_key,
    later.journey_id,
    later.subject_id,
    later.source_delivery,
    later.source_row,
    'occurred_date' as column_name,
    later.component_id
from required
inner join first_of_type as earlier on required.earlier_type = earlier.event_type and earlier.rank_no = 1
inner join first_of_type as later
    on
        required.later_type = later.event_type
        and earlier.journey_id = later.journey_id
        and later.rank_no = 1
where
    case
        when earlier.occurred_at_utc is not null and later.occurred_at_utc is not null
            then later.occurred_at_utc < earlier.occurred_at_utc
        else later.occurred_date < earlier.occurred_date
    end
