{{ config(pre_hook="{{ delete_touched() }}") }}

with keyed as (
    select
        *,
        {{ surrogate_key(["'process_series'", 'batch_id', 'unit_operation', 'parameter', 'denominator_code', 'culture_day']) }}
            as process_series_id
    from {{ ref('int_process_point__resolved') }}
    where {{ only_touched() }}
),

-- two records that name one parameter differently say one thing: the first stands
statement as (
    select
        *,
        row_number() over (partition by process_series_id order by process_point_statement_id) as rank_no
    from keyed
)

select
    process_series_id,
    batch_id,
    unit_operation,
    parameter,
    denominator_code,
    culture_day,
    value,
    unit,
    equipment,
    source_delivery,
    source_row,
    component_id
from statement
where rank_no = 1
