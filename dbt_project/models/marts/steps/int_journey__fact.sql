{{ config(materialized='ephemeral') }}

-- Every fact that a feature may be made of, in every journey that it is part of, with the time by which it is known. A fact is a statement
-- of one record, corrections being facts of their own. Which journey a thing is part of, and who is who, is as the release has it.
with measured as (
    select
        said.*,
        coalesce(collection.journey_id, given.journey_id, named.journey_id) as own_journey_id
    from {{ ref('int_measurement__resolved') }} as said
    left join {{ ref('collection') }} as collection on said.collection_id = collection.collection_id
    left join {{ ref('administration') }} as given on said.administration_id = given.administration_id
    left join {{ ref('int_order__journey') }} as named on {{ therapy_order_key('said.coi_id') }} = named.therapy_order_id
    where
        said.measurement in ({{ feature_measurement_names() }})
        and said.value is not null
        and said.comparator is null
        and {{ stands('said.status') }}
),

measured_in as (
    select
        measured.measurement_statement_id,
        coalesce(measured.own_journey_id, journey.journey_id) as journey_id
    from measured
    inner join {{ ref('journey') }} as journey
        on
            measured.own_journey_id = journey.journey_id
            or (measured.own_journey_id is null and measured.subject_id = journey.subject_id)
    {%- for object in ['batch', 'collection'] %}
    union
    select
        measured.measurement_statement_id,
        object.journey_id
    from measured
    inner join {{ ref('int_object__journey') }} as object
        on object.object_type = '{{ object }}' and measured.{{ object }}_id = object.object_id
    where measured.own_journey_id is null
    {%- endfor %}
),

-- Donations of a journey, also of donors whom no record of the journey names.
collected as (
    select
        object.journey_id,
        collection.collection_id,
        collection.donor_subject_id,
        collection.is_autologous,
        collection.collection_type_code,
        collection.device_model_code,
        ordered.product_name_code,
        collection.started_date,
        coalesce(collection.ended_at_utc, collection.started_at_utc) as occurred_at_utc,
        coalesce(collection.ended_date, collection.started_date) as occurred_date
    from {{ ref('int_object__journey') }} as object
    inner join {{ ref('collection') }} as collection on object.object_id = collection.collection_id
    left join {{ ref('therapy_order') }} as ordered on collection.therapy_order_id = ordered.therapy_order_id
    where object.object_type = 'collection' and collection.started_date is not null
),

fact as (
    select
        measured_in.journey_id,
        'measurement' as kind,
        measured.measurement as name,
        case
            when measured.batch_id is not null then 'batch'
            when measured.subject_id = journey.subject_id then 'recipient'
            when measured.subject_id is not null then 'donor'
            else 'journey'
        end as of_code,
        measured.collection_id,
        coalesce(measured.product_id, '') as part_id,
        coalesce(measured.timepoint, '') = 'post' as is_post,
        measured.value,
        cast(null as {{ type_of('text') }}) as value_code,
        cast(null as {{ type_of('date') }}) as stated_date,
        measured.occurred_at_utc,
        measured.occurred_date,
        measured.recorded_at_utc,
        measured.recorded_date,
        false as is_of_whole_day,
        false as is_lifelong,
        'measurement' as source_table,
        measured.measurement_id as source_key,
        measured.measurement_statement_id as fact_id
    from measured_in
    inner join measured on measured_in.measurement_statement_id = measured.measurement_statement_id
    inner join {{ ref('journey') }} as journey on measured_in.journey_id = journey.journey_id
    union all
    select
        bridge.journey_id,
        'event' as kind,
        said.event_type as name,
        case
            when said.batch_id is not null then 'batch'
            when said.collection_id is not null then 'collection'
            else 'journey'
        end as of_code,
        said.collection_id,
        coalesce(said.sscc_id, said.batch_id, '') as part_id,
        false as is_post,
        cast(null as {{ type_of('number') }}) as value,
        said.detail_code as value_code,
        cast(null as {{ type_of('date') }}) as stated_date,
        said.occurred_at_utc,
        said.occurred_date,
        said.recorded_at_utc,
        said.recorded_date,
        false as is_of_whole_day,
        false as is_lifelong,
        'event' as source_table,
        said.event_id as source_key,
        said.event_statement_id as fact_id
    from {{ ref('int_event__resolved') }} as said
    inner join {{ ref('journey_event') }} as bridge on said.event_id = bridge.event_id
    where {{ stands('said.status') }}
    {%- for name, value, code in [
        ('collection', none, 'collection_type_code'),
        ('collection_device', none, 'device_model_code'),
        ('autologous', 'case when is_autologous then 1 when not is_autologous then 0 end', none),
        ('ordered_product', none, 'product_name_code'),
    ] %}
    union all
    select
        journey_id,
        'collection' as kind,
        '{{ name }}' as name,
        'journey' as of_code,
        collection_id,
        '' as part_id,
        false as is_post,
        cast({{ value or 'null' }} as {{ type_of('number') }}) as value,
        {{ code or 'cast(null as ' ~ type_of('text') ~ ')' }} as value_code,
        started_date as stated_date,
        occurred_at_utc,
        occurred_date,
        cast(null as {{ type_of('instant') }}) as recorded_at_utc,
        cast(null as {{ type_of('date') }}) as recorded_date,
        false as is_of_whole_day,
        false as is_lifelong,
        'collection' as source_table,
        collection_id as source_key,
        collection_id as fact_id
    from collected
    {%- if name != 'collection' %}
    where {{ code or 'is_autologous' }} is not null
    {%- endif %}
    {%- endfor %}
    union all
    -- who gave is known when it was given
    select
        collected.journey_id,
        'person' as kind,
        'person' as name,
        'donor' as of_code,
        collected.collection_id,
        '' as part_id,
        false as is_post,
        cast(null as {{ type_of('number') }}) as value,
        donor.sex_code as value_code,
        age.birth_date as stated_date,
        collected.occurred_at_utc,
        collected.occurred_date,
        cast(null as {{ type_of('instant') }}) as recorded_at_utc,
        cast(null as {{ type_of('date') }}) as recorded_date,
        false as is_of_whole_day,
        false as is_lifelong,
        'collection' as source_table,
        collected.collection_id as source_key,
        collected.collection_id as fact_id
    from collected
    inner join {{ ref('journey') }} as journey on collected.journey_id = journey.journey_id
    inner join {{ ref('subject') }} as donor on collected.donor_subject_id = donor.subject_id
    left join {{ ref('int_subject__age') }} as age on collected.donor_subject_id = age.subject_id
    where collected.donor_subject_id <> journey.subject_id
    union all
    select
        journey.journey_id,
        'person' as kind,
        'person' as name,
        'recipient' as of_code,
        cast(null as {{ type_of('text') }}) as collection_id,
        '' as part_id,
        false as is_post,
        cast(null as {{ type_of('number') }}) as value,
        subject.sex_code as value_code,
        age.birth_date as stated_date,
        cast(null as {{ type_of('instant') }}) as occurred_at_utc,
        cast(null as {{ type_of('date') }}) as occurred_date,
        cast(null as {{ type_of('instant') }}) as recorded_at_utc,
        cast(null as {{ type_of('date') }}) as recorded_date,
        false as is_of_whole_day,
        true as is_lifelong,
        'journey' as source_table,
        journey.journey_id as source_key,
        journey.journey_id as fact_id
    from {{ ref('journey') }} as journey
    inner join {{ ref('subject') }} as subject on journey.subject_id = subject.subject_id
    left join {{ ref('int_subject__age') }} as age on journey.subject_id = age.subject_id
    union all
    select
        journey.journey_id,
        'diagnosis' as kind,
        'indication' as name,
        'recipient' as of_code,
        cast(null as {{ type_of('text') }}) as collection_id,
        '' as part_id,
        false as is_post,
        cast(null as {{ type_of('number') }}) as value,
        said.indication_code as value_code,
        said.onset_date as stated_date,
        said.onset_at_utc as occurred_at_utc,
        said.onset_date as occurred_date,
        said.recorded_at_utc,
        said.recorded_date,
        false as is_of_whole_day,
        false as is_lifelong,
        cast(null as {{ type_of('text') }}) as source_table,
        said.diagnosis_statement_id as source_key,
        said.diagnosis_statement_id as fact_id
    from {{ ref('int_diagnosis__resolved') }} as said
    inner join {{ ref('journey') }} as journey on said.subject_id = journey.subject_id
    where said.indication_code is not null and {{ stands('said.verification_status') }}
    union all
    select
        journey.journey_id,
        'act' as kind,
        said.act_type as name,
        'recipient' as of_code,
        cast(null as {{ type_of('text') }}) as collection_id,
        '' as part_id,
        false as is_post,
        cast(null as {{ type_of('number') }}) as value,
        said.code as value_code,
        said.started_date as stated_date,
        said.started_at_utc as occurred_at_utc,
        said.started_date as occurred_date,
        said.recorded_at_utc,
        said.recorded_date,
        false as is_of_whole_day,
        false as is_lifelong,
        cast(null as {{ type_of('text') }}) as source_table,
        said.clinical_act_statement_id as source_key,
        said.clinical_act_statement_id as fact_id
    from {{ ref('int_clinical_act__resolved') }} as said
    inner join {{ ref('journey') }} as journey on said.subject_id = journey.subject_id
    where said.act_type is not null and {{ stands('said.status') }}
    {%- for name, value in [('steps_daily', 'value'), ('worn_min', 'wear_min')] %}
    union all
    -- of devices that tell of minutes: what a vendor sums up of a day may come much later
    select
        journey.journey_id,
        'wearable' as kind,
        '{{ name }}' as name,
        'recipient' as of_code,
        cast(null as {{ type_of('text') }}) as collection_id,
        worn.device_id as part_id,
        false as is_post,
        cast(worn.{{ value }} as {{ type_of('number') }}) as value,
        cast(null as {{ type_of('text') }}) as value_code,
        worn.local_date as stated_date,
        cast(null as {{ type_of('instant') }}) as occurred_at_utc,
        worn.local_date as occurred_date,
        cast(null as {{ type_of('instant') }}) as recorded_at_utc,
        cast(null as {{ type_of('date') }}) as recorded_date,
        true as is_of_whole_day,
        false as is_lifelong,
        cast(null as {{ type_of('text') }}) as source_table,
        worn.device_id as source_key,
        {{ text_of('worn.local_date') }} || '|' || worn.device_id as fact_id
    from {{ ref('wearable_daily') }} as worn
    inner join {{ ref('journey') }} as journey on worn.subject_id = journey.subject_id
    where worn.measurement = 'steps_daily' and worn.wear_min is not null and worn.{{ value }} is not null
    {%- endfor %}
)

select
    journey_id,
    kind,
    name,
    of_code,
    collection_id,
    part_id,
    is_post,
    value,
    value_code,
    stated_date,
    occurred_at_utc,
    occurred_date,
    {{ known_time() }},
    is_of_whole_day,
    is_lifelong,
    source_table,
    source_key,
    fact_id
from fact
