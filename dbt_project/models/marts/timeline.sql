{{ config(pre_hook="{{ delete_touched() }}") }}

with happened as (
    select
        bridge.journey_id,
        {{ time_of('occurred', relation='event') }},
        cast(null as {{ type_of('integer') }}) as stated_day,
        'event' as kind,
        event.event_type,
        cast(null as {{ type_of('text') }}) as measurement,
        cast(null as {{ type_of('text') }}) as code,
        cast(null as {{ type_of('text') }}) as code_system,
        cast(null as {{ type_of('text') }}) as timepoint_code,
        cast(null as {{ type_of('instant') }}) as ordering_at_utc,
        cast(null as {{ type_of('number') }}) as value,
        cast(null as {{ type_of('text') }}) as comparator,
        event.detail_code as value_code,
        cast(null as {{ type_of('text') }}) as unit,
        'event' as source_table,
        event.event_id as source_key,
        event.source_delivery,
        event.source_row,
        event.component_id
    from {{ ref('journey_event') }} as bridge
    inner join {{ ref('event') }} as event on bridge.event_id = event.event_id
    where {{ only_touched('event.component_id') }}
),

stated_event as (
    select distinct
        source_delivery,
        source_object,
        source_row,
        source_item
    from {{ ref('int_event__resolved') }}
),

measured as (
    select
        measurement.*,
        coalesce(collection.journey_id, given.journey_id, named.journey_id) as own_journey_id,
        case when measurement.timepoint_code = 'post' then collection.ended_at_utc end as ordering_at_utc
    from {{ ref('measurement') }} as measurement
    left join {{ ref('collection') }} as collection on measurement.collection_id = collection.collection_id
    left join {{ ref('administration') }} as given on measurement.administration_id = given.administration_id
    left join {{ ref('int_order__journey') }} as named on measurement.therapy_order_id = named.therapy_order_id
    where {{ stands('measurement.status_code') }} and {{ only_touched('measurement.component_id') }}
),

measured_placed as (
    select
        measured.*,
        coalesce(measured.own_journey_id, journey.journey_id) as journey_id
    from measured
    left join {{ ref('journey') }} as journey on measured.own_journey_id is null and measured.subject_id = journey.subject_id
),

-- what was measured of a thing, or of a donor, is part of the journeys that the thing was for
measured_for as (
    {%- for object in ['batch', 'collection', 'shipment'] %}
    select
        measured_placed.measurement_id,
        object.journey_id
    from measured_placed
    inner join {{ ref('int_object__journey') }} as object
        on object.object_type = '{{ object }}' and measured_placed.{{ object }}_id = object.object_id
    where measured_placed.journey_id is null
    {{ 'union' if not loop.last }}
    {%- endfor %}
),

measured_in as (
    select * from measured_placed
    where journey_id is not null
    union all
    select
        measured.*,
        measured_for.journey_id
    from measured_for
    inner join measured on measured_for.measurement_id = measured.measurement_id
),

-- An act whose record already states an event of the vocabulary is that event.
acted as (
    select
        act.*,
        journey.journey_id
    from {{ ref('int_clinical_act__resolved') }} as act
    inner join {{ ref('journey') }} as journey on act.subject_id = journey.subject_id
    left join stated_event on {{ same_record('act', 'stated_event') }}
    where stated_event.source_delivery is null and {{ stands('act.status') }} and {{ only_touched('act.component_id') }}
),

diagnosed as (
    select
        diagnosis.*,
        journey.journey_id
    from {{ ref('int_diagnosis__resolved') }} as diagnosis
    inner join {{ ref('journey') }} as journey on diagnosis.subject_id = journey.subject_id
    where {{ stands('diagnosis.verification_status') }} and {{ only_touched('diagnosis.component_id') }}
),

everything as (
    select * from happened
    union all
    select
        journey_id,
        {{ time_of('occurred') }},
        cast(null as {{ type_of('integer') }}) as stated_day,
        'measurement' as kind,
        cast(null as {{ type_of('text') }}) as event_type,
        measurement,
        cast(null as {{ type_of('text') }}) as code,
        cast(null as {{ type_of('text') }}) as code_system,
        timepoint_code,
        ordering_at_utc,
        value,
        comparator,
        coalesce(value_code, case when value is null then value_status end) as value_code,
        unit,
        'measurement' as source_table,
        measurement_id as source_key,
        source_delivery,
        source_row,
        component_id
    from measured_in
    union all
    select
        journey_id,
        cast(null as {{ type_of('instant') }}) as occurred_at_utc,
        {{ text_of('coalesce(onset_date, assessed_date)') }} as occurred_local,
        coalesce(onset_date, assessed_date) as occurred_date,
        case when coalesce(onset_date, assessed_date) is not null then 'day' end as occurred_precision,
        case when coalesce(onset_date, assessed_date) is not null then 'none' end as occurred_zone_source,
        day_from_infusion as stated_day,
        'outcome' as kind,
        cast(null as {{ type_of('text') }}) as event_type,
        outcome_type as measurement,
        cast(null as {{ type_of('text') }}) as code,
        scale_code as code_system,
        cast(null as {{ type_of('text') }}) as timepoint_code,
        cast(null as {{ type_of('instant') }}) as ordering_at_utc,
        coalesce(cast(grade as {{ type_of('number') }}), value) as value,
        cast(null as {{ type_of('text') }}) as comparator,
        coalesce(value_code, case when is_never then 'never' end) as value_code,
        case when grade is not null then '{grade}' else unit end as unit,
        'outcome' as source_table,
        outcome_id as source_key,
        source_delivery,
        source_row,
        component_id
    from {{ ref('outcome') }}
    where journey_id is not null and {{ only_touched() }}
    union all
    select
        journey_id,
        {{ time_of('occurred', 'started') }},
        cast(null as {{ type_of('integer') }}) as stated_day,
        'act' as kind,
        cast(null as {{ type_of('text') }}) as event_type,
        cast(null as {{ type_of('text') }}) as measurement,
        code,
        code_system,
        cast(null as {{ type_of('text') }}) as timepoint_code,
        cast(null as {{ type_of('instant') }}) as ordering_at_utc,
        cast(null as {{ type_of('number') }}) as value,
        cast(null as {{ type_of('text') }}) as comparator,
        act_type as value_code,
        cast(null as {{ type_of('text') }}) as unit,
        cast(null as {{ type_of('text') }}) as source_table,
        clinical_act_statement_id as source_key,
        source_delivery,
        source_row,
        component_id
    from acted
    union all
    select
        journey_id,
        {{ time_of('occurred', 'onset') }},
        cast(null as {{ type_of('integer') }}) as stated_day,
        'diagnosis' as kind,
        cast(null as {{ type_of('text') }}) as event_type,
        cast(null as {{ type_of('text') }}) as measurement,
        code,
        code_system,
        cast(null as {{ type_of('text') }}) as timepoint_code,
        cast(null as {{ type_of('instant') }}) as ordering_at_utc,
        cast(null as {{ type_of('number') }}) as value,
        cast(null as {{ type_of('text') }}) as comparator,
        indication_code as value_code,
        cast(null as {{ type_of('text') }}) as unit,
        cast(null as {{ type_of('text') }}) as source_table,
        diagnosis_statement_id as source_key,
        source_delivery,
        source_row,
        component_id
    from diagnosed
),

dated as (
    select
        everything.*,
        journey.subject_id,
        coalesce(
            {{ days_between('journey.first_infusion_date', 'everything.occurred_date') }}, everything.stated_day
        ) as day_from_infusion,
        {{ days_between('journey.first_collection_date', 'everything.occurred_date') }} as day_from_collection,
        -- For the order alone: a date without a time stands before the instants of its day.
        coalesce(
            everything.occurred_at_utc, everything.ordering_at_utc, cast(everything.occurred_date as {{ type_of('instant') }})
        ) as ordering_instant,
        vocabulary.seq as ordering_step
    from everything
    inner join {{ ref('journey') }} as journey on everything.journey_id = journey.journey_id
    left join {{ ref('event_types') }} as vocabulary on everything.event_type = vocabulary.event_type
)

select
    {{ surrogate_key(['journey_id', 'kind', 'source_key']) }} as timeline_id,
    journey_id,
    subject_id,
    row_number() over (
        partition by journey_id
        order by
            ordering_instant asc nulls last,
            day_from_infusion asc nulls last,
            ordering_step asc nulls last,
            kind asc,
            coalesce(event_type, measurement, code, '') asc,
            source_key asc
    ) as position,
    {{ time_of('occurred') }},
    day_from_infusion,
    day_from_collection,
    kind,
    event_type,
    measurement,
    code,
    code_system,
    timepoint_code,
    value,
    comparator,
    value_code,
    unit,
    source_table,
    source_key,
    source_delivery,
    source_row,
    component_id
from dated
