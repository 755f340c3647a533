{{ config(pre_hook="{{ delete_touched() }}") }}

with known as (
    select distinct batch_id
    from {{ ref('int_batch__resolved') }}
    where batch_id is not null
),

stated as (
    select
        said.batch_id,
        {{ therapy_order_key('said.coi_id') }} as therapy_order_id,
        said.recipient_subject_id,
        -- null until a record of that batch itself has come
        parent.batch_id as parent_batch_id,
        said.process_version,
        said.gene_agent_lot_id,
        said.ended_date,
        said.disposition_code,
        said.product_name_code,
        said.component_id
    from {{ ref('int_batch__resolved') }} as said
    left join known as parent on said.parent_batch_id = parent.batch_id
    where said.batch_id is not null and {{ only_touched('said.component_id') }}
),

-- steps of manufacture, of which the first begins a batch
begun as (
    select
        batch_id,
        min(occurred_date) as started_date
    from {{ ref('int_event__resolved') }}
    where
        batch_id is not null
        and event_type in (
            'manufacturing_started', 'starting_material_thawed', 'selection_completed', 'activation_started', 'transduction_or_editing'
        )
        and {{ stands('status') }}
    group by batch_id
),

-- a fold is taken again as the culture grows: the last one is the culture's
grown as (
    select
        batch_id,
        measurement,
        value,
        row_number() over (
            partition by batch_id, measurement
            order by occurred_date desc nulls last, occurred_at_utc desc nulls last, measurement_id asc
        ) as rank_no
    from {{ ref('int_measurement__resolved') }}
    where
        batch_id is not null
        and measurement in ('mfg_input_cd3', 'harvest_total_viable', 'fold_expansion')
        and value > 0
        and comparator is null
        and {{ stands('status') }}
),

-- two figures for one thing are none
counted as (
    select
        batch_id,
        {{ agreed("case when measurement = 'mfg_input_cd3' then value end") }} as seeded_10_6,
        {{ agreed("case when measurement = 'harvest_total_viable' then value end") }} * 1000 as harvested_10_6,
        max(case when measurement = 'fold_expansion' and rank_no = 1 then value end) as last_fold
    from grown
    group by batch_id
),

expanded as (
    select
        batch_id,
        seeded_10_6,
        harvested_10_6,
        coalesce(harvested_10_6 / seeded_10_6, last_fold) as expansion_fold
    from counted
),

agreed_on as (
    select
        batch_id,
        {{ agreed('therapy_order_id') }} as therapy_order_id,
        {{ agreed('recipient_subject_id') }} as recipient_subject_id,
        {{ agreed('parent_batch_id') }} as parent_batch_id,
        {{ agreed('product_name_code') }} as product_name_code,
        {{ agreed('process_version') }} as process_version,
        {{ agreed('gene_agent_lot_id') }} as gene_agent_lot_id,
        {{ agreed('ended_date') }} as ended_date,
        {{ agreed('disposition_code') }} as disposition_code,
        min(component_id) as component_id
    from stated
    group by batch_id
)

select
    agreed_on.batch_id,
    agreed_on.therapy_order_id,
    agreed_on.recipient_subject_id,
    agreed_on.parent_batch_id,
    agreed_on.product_name_code,
    agreed_on.process_version,
    agreed_on.gene_agent_lot_id,
    begun.started_date,
    agreed_on.ended_date,
    {{ days_between('begun.started_date', 'agreed_on.ended_date') }} as culture_days,
    expanded.seeded_10_6 as seeded_cells_10_6,
    expanded.harvested_10_6 as harvested_cells_10_6,
    round(expanded.expansion_fold, 6) as expansion_fold,
    round(ln(expanded.expansion_fold) / ln(2), 6) as population_doublings,
    agreed_on.disposition_code,
    agreed_on.component_id
from agreed_on
left join begun on agreed_on.batch_id = begun.batch_id
left join expanded on agreed_on.batch_id = expanded.batch_id
