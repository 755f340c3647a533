{{ config(materialized='ephemeral') }}

-- What identity resolution could not reconcile (R05, R06 and its own rules): the links that it left out, and the record they came from.
select
    conflict.rule_id,
    'flag' as effect,
    'subject' as table_name,
    conflict.subject_id as row_key,
    only_one.journey_id,
    conflict.subject_id,
    conflict.source_delivery,
    conflict.source_row,
    cast(null as {{ type_of('text') }}) as column_name,
    conflict.component_id
from {{ source('identity', 'conflict') }} as conflict
left join {{ ref('int_subject__journey') }} as only_one on conflict.subject_id = only_one.subject_id
